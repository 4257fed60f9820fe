/// The date in front of a log record.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

namespace uflush {

/// Postfix's logger and the C library's syslog differ in days before the tenth.
enum class LogDay : std::uint8_t { padded_with_zero, padded_with_blank };

/// Local time as `Nov 02 11:26:50`. The month is English whatever the locale is, hence no strftime.
[[nodiscard]] std::string log_time(std::time_t when, LogDay day);

}  // namespace uflush
