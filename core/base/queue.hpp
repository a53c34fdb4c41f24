// A bounded queue between threads: values cross it, nothing is shared. A full queue refuses, so
// that pressure goes back to the sender as 503 and never becomes memory.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace syncline {

template <class T>
class BoundedQueue {
public:
    explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

    /// False when full or closed; `item` is then untouched. Any thread.
    bool try_push(T&& item) {
        std::lock_guard lock(mutex_);
        if (closed_ || items_.size() >= capacity_) return false;
        items_.push_back(std::move(item));
        if (items_.size() == 1) ready_.notify_one();
        return true;
    }

    /// As try_push, without regard to the capacity: for what the system already owes (settlements
    /// of deliveries that are in flight), whose number is bounded elsewhere. False when closed.
    bool push_owed(T&& item) {
        std::lock_guard lock(mutex_);
        if (closed_) return false;
        items_.push_back(std::move(item));
        if (items_.size() == 1) ready_.notify_one();
        return true;
    }

    /// Waits for at least one item, takes at most `count_max`. Empty only when closed and drained.
    std::vector<T> pop_batch(std::size_t count_max) {
        std::unique_lock lock(mutex_);
        ready_.wait(lock, [&] { return closed_ || !items_.empty(); });
        return take(count_max);
    }

    /// As pop_batch, but also empty when nothing came within `wait`: see drained().
    std::vector<T> pop_batch_for(std::size_t count_max, std::chrono::milliseconds wait) {
        std::unique_lock lock(mutex_);
        ready_.wait_for(lock, wait, [&] { return closed_ || !items_.empty(); });
        return take(count_max);
    }

    /// Closed, and everything taken.
    bool drained() const {
        std::lock_guard lock(mutex_);
        return closed_ && items_.empty();
    }

    /// Nothing more goes in; what is inside can still be taken. Any thread.
    void close() {
        std::lock_guard lock(mutex_);
        closed_ = true;
        ready_.notify_all();
    }

    std::size_t size() const {
        std::lock_guard lock(mutex_);
        return items_.size();
    }

private:
    std::vector<T> take(std::size_t count_max) {
        std::vector<T> taken;
        while (!items_.empty() && taken.size() < count_max) {
            taken.push_back(std::move(items_.front()));
            items_.pop_front();
        }
        return taken;
    }

    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<T> items_;
    bool closed_ = false;
};

}  // namespace syncline
