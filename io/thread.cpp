#include "io/thread.hpp"

#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

#include "io/check.hpp"
#include "io/optional_calls.hpp"

namespace uflush {
namespace {

using Body = std::function<void()>;

void* call(void* argument) {
  const std::unique_ptr<Body> body(static_cast<Body*>(argument));
  (*body)();
  return nullptr;
}

}  // namespace

Result<Thread> Thread::start(Body body) {
  if (!may_use(OptionalCall::threads)) return Error{EPERM};
  // The new thread inherits the mask: no signal can reach it before it has blocked them itself.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_attr_t attributes;
  if (const int error = pthread_attr_init(&attributes); error != 0) return Error{error};
  auto argument = std::make_unique<Body>(std::move(body));
  pthread_t thread{};
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_attr_setstacksize(&attributes, stack_bytes);
  if (error == 0) error = pthread_create(&thread, &attributes, call, argument.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (error != 0) return Error{error};
  static_cast<void>(argument.release());  // the thread's now
  return Thread(thread);
}

Thread::Thread(Thread&& other) noexcept
    : thread_(other.thread_), is_running_(std::exchange(other.is_running_, false)) {}

Thread::~Thread() {
  FLUSH_ASSERT(!is_running_);
}

void Thread::join() {
  FLUSH_ASSERT(is_running_);
  [[maybe_unused]] const int error = pthread_join(thread_, nullptr);
  is_running_ = false;
}

}  // namespace uflush
