/// Failures of the system as values: `Result<T>` holds a `T` or the errno that the kernel gave.
///
/// Three kinds of trouble have three looks. A protocol answer (`Status::deny`) is a plain value; a failing
/// system is a `Result`; a broken promise of ours is `FLUSH_ASSERT` (io/check.hpp).
#pragma once

#include <cerrno>
#include <compare>
#include <string>

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <boost/version.hpp>

namespace uflush {

namespace outcome = BOOST_OUTCOME_V2_NAMESPACE;

/// An errno value. A type of its own, so that a plain number never turns into a failure by accident.
struct Error {
  int number = 0;

  /// The text that Postfix logs for `%m`: strerror, but `Application error` for errno 0 (BEHAVIOUR.md 7.6).
  [[nodiscard]] std::string message() const;

  friend bool operator==(Error, Error) = default;
};

/// The error of the system call that failed last on this thread.
[[nodiscard]] inline Error last_error() noexcept {
  return Error{errno};
}

template <typename T>
using Result = outcome::basic_result<T, Error, outcome::policy::terminate>;

}  // namespace uflush

/// `TRY(name, expression)` declares `name` with the value, or returns the failure from a plain function;
/// `CO_TRY` does it in a coroutine. Boost 1.74 declares the variable by itself, later ones want to be told
/// so.
#if BOOST_VERSION < 107600
#define FLUSH_TRY_NAME(name) name
#else
#define FLUSH_TRY_NAME(name) auto&& name  // NOLINT(bugprone-macro-parentheses)
#endif
#define TRY(name, ...) BOOST_OUTCOME_TRY(FLUSH_TRY_NAME(name), __VA_ARGS__)
#define CO_TRY(name, ...) BOOST_OUTCOME_CO_TRY(FLUSH_TRY_NAME(name), __VA_ARGS__)
/// The same for a `Result<void>`: goes on, or returns the failure.
#define TRY_VOID(...)                                                  \
  do {                                                                 \
    if (auto&& tried_ = (__VA_ARGS__); !tried_) return tried_.error(); \
  } while (false)
#define CO_TRY_VOID(...)                                                  \
  do {                                                                    \
    if (auto&& tried_ = (__VA_ARGS__); !tried_) co_return tried_.error(); \
  } while (false)
