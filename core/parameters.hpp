/// Every parameter, one row each, in the order in which the reference evaluates them (BEHAVIOUR.md 6.5).
///
/// The order matters: `$name` sees the default of a parameter only when its row comes earlier.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "core/config.hpp"

namespace uflush {

struct StrParameter {
  std::string Config::*member = nullptr;  ///< nullptr: flush has no use for it, but other values name it
  std::size_t bytes_min = 0;
};

struct IntParameter {
  int Config::*member;
  Limits<int> limits;
};

/// The unit letter of the default is the default unit.
struct TimeParameter {
  std::chrono::seconds Config::*member;
  Limits<std::chrono::seconds> limits{.min = std::chrono::seconds{1}};
};

struct BoolParameter {
  bool Config::*member;
};

/// A closed list of words, or anything else that turns the expanded text into a value.
struct ParsedParameter {
  ConfigResult<void> (*parse)(Config& config, std::string_view text);
  std::size_t bytes_min = 0;
};

/// myhostname and mydomain: their defaults depend on each other and on the system.
struct HostNames {};

struct Parameter {
  std::string_view name;
  std::string_view default_text;  ///< as it would stand in main.cf
  std::variant<StrParameter, IntParameter, TimeParameter, BoolParameter, ParsedParameter, HostNames> type;
};

[[nodiscard]] std::span<const Parameter> parameters() noexcept;

}  // namespace uflush
