#include "core/table/logical_lines.hpp"

#include <fmt/format.h>

#include "core/table/braces.hpp"

namespace uflush {
namespace {

constexpr std::size_t quoted_bytes_max = 30;

bool starts_with_blank(std::string_view line) noexcept {
  return !line.empty() && blanks.find(line.front()) != std::string_view::npos;
}

void cut(LogicalLine& line) {
  std::string& text = line.text;
  if (const std::size_t nul = text.find('\0'); nul != std::string::npos) text.resize(nul);
  const std::size_t end = text.find_last_not_of(blanks) + 1;
  line.blanks_behind = text.substr(end);
  text.resize(end);
}

std::string quoted(std::string_view text) {
  if (text.size() <= quoted_bytes_max) return std::string(text);
  return fmt::format("{}...", text.substr(0, quoted_bytes_max));
}

}  // namespace

std::vector<LogicalLine> logical_lines(std::string_view content, std::string_view file, Warnings& warnings) {
  std::vector<LogicalLine> lines;
  std::size_t number = 0;
  while (!content.empty()) {
    const std::size_t newline = content.find('\n');
    const std::string_view line = content.substr(0, newline);
    content.remove_prefix(newline == std::string_view::npos ? content.size() : newline + 1);
    ++number;
    const std::size_t text = line.find_first_not_of(blanks);
    if (text == std::string_view::npos || line[text] == '#') continue;
    if (starts_with_blank(line) && !lines.empty())
      lines.back().text += line;
    else
      lines.push_back({number, std::string(line)});
  }
  if (!lines.empty() && starts_with_blank(lines.front().text)) {
    cut(lines.front());
    warnings.push_back(fmt::format("{}: logical line must not start with whitespace: \"{}\"", file,
                                   quoted(lines.front().text)));
    lines.erase(lines.begin());
  }
  for (LogicalLine& line : lines) cut(line);
  return lines;
}

}  // namespace uflush
