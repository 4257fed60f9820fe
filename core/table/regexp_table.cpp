#include "core/table/regexp_table.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <regex.h>

#include "core/table/pattern_rules.hpp"

namespace uflush {
namespace {

struct FreeRegex {
  void operator()(regex_t* regex) const noexcept {
    ::regfree(regex);
    delete regex;
  }
};

std::optional<CompiledPattern> compile(const std::string& pattern, std::string_view flags,
                                       std::string& error) {
  int options = REG_EXTENDED | REG_ICASE;
  for (const char flag : flags) options ^= flag == 'i' ? REG_ICASE : flag == 'm' ? REG_NEWLINE : REG_EXTENDED;
  auto regex = std::make_unique<regex_t>();
  if (const int status = ::regcomp(regex.get(), pattern.c_str(), options); status != 0) {
    std::array<char, 256> text{};
    ::regerror(status, regex.get(), text.data(), text.size());
    error = text.data();
    return std::nullopt;
  }
  const std::size_t capture_count = regex->re_nsub;
  // std::function wants something that can be copied.
  const std::shared_ptr<regex_t> shared(regex.release(), FreeRegex{});
  const auto matches = [shared](const std::string& key, Captures captures) {
    std::vector<regmatch_t> groups(captures.empty() ? 0 : captures.size() + 1);  // the first is the whole
    if (::regexec(shared.get(), key.c_str(), groups.size(), groups.data(), 0) != 0) return false;
    for (std::size_t i = 0; i < captures.size(); ++i) {
      const regmatch_t& group = groups[i + 1];
      if (group.rm_so < 0) continue;
      const auto begin = static_cast<std::size_t>(group.rm_so);
      captures[i] = std::string_view(key).substr(begin, static_cast<std::size_t>(group.rm_eo) - begin);
    }
    return true;
  };
  return CompiledPattern{matches, capture_count};
}

constexpr PatternSyntax syntax{"regexp", "skipping this rule", "imx", '\0', "out-of-range replacement index",
                               compile};

}  // namespace

OpenedTable open_regexp_table(const std::string& type_name, const TableContext& context) {
  return open_pattern_table(syntax, type_name, context);
}

}  // namespace uflush
