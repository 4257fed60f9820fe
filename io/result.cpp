#include "io/result.hpp"

#include <cstring>

namespace uflush {

std::string Error::message() const {
  if (number == 0) return "Application error";
  char buffer[128];
  return strerror_r(number, buffer, sizeof buffer);  // the GNU one: thread-safe, returns the text
}

}  // namespace uflush
