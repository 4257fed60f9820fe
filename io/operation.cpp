#include "io/operation.hpp"

#include <poll.h>

namespace uflush {
namespace {

/// Suspends until the op's next completion.
struct NextCompletion {
  Op& op;
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) const noexcept { op.waiter = waiter; }
  void await_resume() const noexcept {}
};

}  // namespace

Readiness::Readiness(Loop& loop, int fd) noexcept : loop_(loop), op_(op::Poll{fd, POLLIN, true}) {}

Task<Result<std::uint32_t>> Readiness::wait(StopToken stop) {
  while (true) {
    if (stop.stop_requested()) co_return Error{ECANCELED};
    if (op_.result > 0) co_return static_cast<std::uint32_t>(std::exchange(op_.result, 0));
    if (op_.result == -EINVAL && std::get<op::Poll>(op_.args).multishot) {
      std::get<op::Poll>(op_.args).multishot = false;  // a kernel before 5.13: ask each time
      op_.result = 0;
    }
    if (op_.result < 0) co_return Error{-std::exchange(op_.result, 0)};
    if (op_.phase != Op::Phase::in_kernel) loop_.ring().submit(op_);
    stop.subscribe(*this);
    co_await NextCompletion{op_};
    if (is_linked()) unlink();
  }
}

Task<void> Readiness::close() {
  if (op_.phase == Op::Phase::in_kernel) loop_.ring().cancel(op_);
  while (op_.phase == Op::Phase::in_kernel || op_.collected) co_await NextCompletion{op_};
}

void Readiness::on_stop() noexcept {
  if (op_.waiter) loop_.make_ready(std::exchange(op_.waiter, nullptr));
}

}  // namespace uflush
