#include "tests/support/failure.hpp"

#include <cerrno>
#include <system_error>

namespace uflush::support {

void fail(std::string_view what) {
  throw HarnessError(std::string(what));
}

void fail_errno(std::string_view what) {
  const int number = errno;
  throw HarnessError(std::string(what) + ": " + std::generic_category().message(number));
}

}  // namespace uflush::support
