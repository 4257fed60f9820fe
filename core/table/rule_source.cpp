#include "core/table/rule_source.hpp"

#include <fmt/format.h>

#include "core/table/braces.hpp"

namespace uflush {
namespace {

/// What is wrong with text that should be in braces, whole; empty when nothing is.
std::string fault_of(std::string_view text) {
  if (!text.starts_with('{')) return fmt::format("no '{{' at start of text in \"{}\"", text);
  const std::size_t end = closing_brace_end(text);
  if (end == std::string_view::npos) return fmt::format("missing '}}' in \"{}\"", text);
  if (end != text.size()) return fmt::format("syntax error after '}}' in \"{}\"", text);
  return {};
}

std::string_view inside_of(std::string_view braced) {
  return trim_blanks(braced.substr(1, braced.size() - 2));
}

}  // namespace

RuleSource read_rule_source(std::string_view type, const std::string& name, const TableContext& context) {
  if (!name.starts_with('{')) return {context.read_file(name), {}};
  std::string fault = fault_of(name);
  std::string lines;
  if (fault.empty()) {
    for (const std::string_view rule : split_outside_braces(inside_of(name))) {
      fault = fault_of(rule);
      if (!fault.empty()) break;
      lines.append(inside_of(rule)).push_back('\n');
    }
  }
  if (!fault.empty()) return {std::string(), fmt::format("{} map: {}", type, fault)};
  return {std::move(lines), {}};
}

}  // namespace uflush
