// Task<T>: a lazy coroutine that a connector's steps are written in. Awaiting one runs it; it ends
// by resuming who awaited it. Single-threaded, move-only, destroys its frame.
//
// g++ 12 destroys a temporary twice when a statement with co_await also builds an aggregate or a
// capturing lambda, or chooses between class values with ?: . Every type of the SDK has constructors,
// which removes most of the danger; keep to one statement that builds and the next that awaits.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace syncline::sdk {

template <class T>
class [[nodiscard]] Task {
public:
    struct promise_type {
        std::optional<T> value;
        std::exception_ptr failure;
        std::coroutine_handle<> continuation;

        Task get_return_object() {
            return Task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() noexcept { return {}; }

        struct Final {
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(
                std::coroutine_handle<promise_type> ended) noexcept {
                auto next = ended.promise().continuation;
                if (next) return next;
                return std::noop_coroutine();
            }
            void await_resume() noexcept {}
        };
        Final final_suspend() noexcept { return {}; }
        template <class U>
        void return_value(U&& result) {
            value.emplace(std::forward<U>(result));
        }
        void unhandled_exception() noexcept { failure = std::current_exception(); }
    };

    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        if (this != &other) {
            if (handle_) handle_.destroy();
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }
    ~Task() {
        if (handle_) handle_.destroy();
    }

    bool done() const { return handle_.done(); }
    /// Runs until the first suspension. For the outermost task; inner ones are awaited.
    void start() { handle_.resume(); }
    /// The value of a finished task; rethrows what it threw.
    T take() {
        if (handle_.promise().failure) std::rethrow_exception(handle_.promise().failure);
        return std::move(*handle_.promise().value);
    }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
        handle_.promise().continuation = awaiting;
        return handle_;
    }
    T await_resume() { return take(); }

private:
    explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    std::coroutine_handle<promise_type> handle_;
};

}  // namespace syncline::sdk
