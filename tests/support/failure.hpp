/// How the harness gives up: by an exception, so that the test fails and every destructor still cleans up.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace uflush::support {

/// The machine refused something the harness needs. Never thrown for what a tested daemon does.
class HarnessError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

[[noreturn]] void fail(std::string_view what);
/// Adds the text of the current errno.
[[noreturn]] void fail_errno(std::string_view what);

}  // namespace uflush::support
