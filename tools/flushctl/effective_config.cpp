#include "tools/flushctl/effective_config.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include <fmt/core.h>

namespace uflush {
namespace {

/// What postconf(1) takes for a blank; a vertical tab or a form feed is none.
constexpr std::string_view postconf_blanks = " \t\r\n";

/// One space for each run of blanks, none at either end.
std::string with_blanks_folded(std::string_view text) {
  std::string folded;
  for (std::size_t at = text.find_first_not_of(postconf_blanks); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(postconf_blanks, at), text.size());
    if (!folded.empty()) folded += ' ';
    folded += text.substr(at, end - at);
    at = text.find_first_not_of(postconf_blanks, end);
  }
  return folded;
}

}  // namespace

std::string in_postconf_form(const LoadedConfig& loaded) {
  const std::map<std::string, std::string> sorted(loaded.effective.begin(), loaded.effective.end());
  std::string lines;
  for (const auto& [name, value] : sorted) {
    const std::string folded = with_blanks_folded(value);
    lines += folded.empty() ? fmt::format("{} =\n", name) : fmt::format("{} = {}\n", name, folded);
  }
  return lines;
}

}  // namespace uflush
