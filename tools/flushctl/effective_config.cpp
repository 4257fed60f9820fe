#include "tools/flushctl/effective_config.hpp"

#include <map>

#include <fmt/core.h>

namespace uflush {

std::string in_postconf_form(const LoadedConfig& loaded) {
  const std::map<std::string, std::string> sorted(loaded.effective.begin(), loaded.effective.end());
  std::string lines;
  for (const auto& [name, value] : sorted)
    lines += value.empty() ? fmt::format("{} =\n", name) : fmt::format("{} = {}\n", name, value);
  return lines;
}

}  // namespace uflush
