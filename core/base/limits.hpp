// Every bound of the hub that is not the user's setting, with its arithmetic. User settings have
// their defaults here too. Relations are checked at compile time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace syncline::limits {

// --- Front door ---------------------------------------------------------------------------------
inline constexpr std::size_t body_bytes_default = 1 << 20;        // 1 MiB: 50 × the largest documented event
inline constexpr std::size_t body_bytes_max = 64u << 20;          // what `limits.body` may be set to
inline constexpr std::size_t header_bytes_max = 16 << 10;         // 2 × what nginx and Node allow by default
inline constexpr std::size_t header_count_max = 100;
inline constexpr std::size_t connections_default = 4096;
inline constexpr std::int64_t header_timeout_ms_default = 10'000;
inline constexpr std::int64_t body_timeout_ms_default = 30'000;
inline constexpr std::int64_t idle_timeout_ms_default = 60'000;
inline constexpr std::int64_t write_timeout_ms = 30'000;
inline constexpr std::size_t events_per_request_max = 1000;       // an envelope or a batch
inline constexpr std::size_t secrets_per_source_max = 8;          // each costs one HMAC a request
inline constexpr std::size_t key_bytes_max = 1024;                // a dedupe key, subject or type

// --- Store --------------------------------------------------------------------------------------
inline constexpr std::size_t commit_batch_max = 256;              // reliability: group commit
inline constexpr std::size_t store_queue_max = 8192;              // accepts waiting: 32 batches
inline constexpr std::int64_t dedupe_window_ms_default = 7LL * 86'400'000;
inline constexpr std::int64_t payload_retention_ms_default = 30LL * 86'400'000;
inline constexpr std::int64_t attempt_retention_ms_default = 30LL * 86'400'000;
inline constexpr std::int64_t wal_checkpoint_bytes = 4 << 20;     // a step: 1,000 pages, some 5 ms
inline constexpr int retry_after_s_overload = 2;                  // what a 503 asks for
static_assert(store_queue_max >= 2 * commit_batch_max, "one batch commits while the next fills");

// --- Delivery -----------------------------------------------------------------------------------
inline constexpr std::size_t window_per_destination_max = 4096;   // deliveries in memory; the rest waits in the store
inline constexpr std::size_t window_refill_below = 2048;
inline constexpr std::size_t window_per_lane_max = 256;           // of them: one hot lane takes a sixteenth
inline constexpr std::uint32_t batch_deliveries_max = 100;        // of one attempt; also what its connector says
inline constexpr std::size_t settling_max = 1024;                 // ended, not yet durable: 4 commit batches
inline constexpr std::size_t event_cache_bytes_max = 16u << 20;   // payloads kept for the window; others are read again
inline constexpr std::size_t concurrency_default = 8;
inline constexpr std::int64_t attempt_timeout_ms_default = 30'000;
inline constexpr std::int64_t retry_after_ms_max = 24LL * 3'600'000;
inline constexpr std::size_t response_bytes_max = 8u << 20;       // an answer is cut here
inline constexpr std::size_t request_bytes_max = 16u << 20;
inline constexpr std::size_t steps_per_attempt_max = 600;         // 400 exchanges (a large page replaced block by block) and their pauses; one that asks more loops
inline constexpr std::size_t emitted_per_attempt_max = 100;
inline constexpr std::size_t hops_max = 8;                        // derived or echoed events, the last fuse
static_assert(window_refill_below < window_per_destination_max);
static_assert(window_per_lane_max < window_refill_below, "one lane never keeps the others out");

// --- Templates and configuration ------------------------------------------------------------------
inline constexpr std::size_t template_output_bytes_max = 1 << 20;
inline constexpr std::size_t config_bytes_max = 1 << 20;
inline constexpr std::size_t config_depth_max = 64;
inline constexpr std::size_t config_nodes_max = 100'000;

}  // namespace syncline::limits
