#include "core/log_time.hpp"

#include <array>
#include <cstddef>

#include <fmt/format.h>

namespace uflush {

std::string log_time(std::time_t when, LogDay day) {
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm local{};
  localtime_r(&when, &local);
  const char* const month = months.at(static_cast<std::size_t>(local.tm_mon));
  const std::string number = day == LogDay::padded_with_zero ? fmt::format("{:02}", local.tm_mday)
                                                             : fmt::format("{:2}", local.tm_mday);
  return fmt::format("{} {} {:02}:{:02}:{:02}", month, number, local.tm_hour, local.tm_min, local.tm_sec);
}

}  // namespace uflush
