#include "protocol/main_cf.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace uflush {
namespace {

/// Hands out logical lines, with the number of the physical line that each begins on.
class LogicalLines {
 public:
  explicit LogicalLines(std::string_view contents) : rest_(contents) {}

  /// False at the end. Otherwise `text()` and `line_number()` describe the next logical line.
  bool next() {
    text_.clear();
    bool started = false;
    while (!rest_.empty()) {
      const bool continues = is_blank(rest_.front());
      if (started && !continues && !at_skipped_line()) break;
      const bool skipped = at_skipped_line();
      const std::string_view line = take_line();
      if (skipped) continue;
      if (!started) line_number_ = lines_taken_;
      started = true;
      text_ += line;
    }
    text_.resize(std::min(text_.find('\0'), text_.size()));
    return started;
  }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] std::size_t line_number() const noexcept { return line_number_; }

 private:
  [[nodiscard]] std::string_view peek_line() const noexcept { return rest_.substr(0, rest_.find('\n')); }

  [[nodiscard]] bool at_skipped_line() const noexcept {
    const std::string_view line = skip_blanks(peek_line());
    return line.empty() || line.front() == '#';
  }

  std::string_view take_line() noexcept {
    const std::string_view line = peek_line();
    const std::size_t end = rest_.find('\n');
    rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
    ++lines_taken_;
    return line;
  }

  std::string_view rest_;
  std::string text_;
  std::size_t lines_taken_ = 0;
  std::size_t line_number_ = 0;
};

std::string line_prefix(std::string_view path, std::size_t line_number) {
  return std::string(path) + ", line " + std::to_string(line_number) + ": ";
}

std::string indented_line_text(std::string_view path, std::string_view line) {
  constexpr std::size_t shown_bytes_max = 30;
  std::string text(path);
  text += ": logical line must not start with whitespace: \"";
  text += line.substr(0, shown_bytes_max);
  text += line.size() > shown_bytes_max ? "...\"" : "\"";
  return text;
}

}  // namespace

bool is_blank(char byte) noexcept {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

std::string_view skip_blanks(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view trim_blanks_right(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

ConfigResult<NameValue> split_name_value(std::string_view line) {
  const std::string_view text = skip_blanks(line);
  std::size_t name_end = 0;
  while (name_end < text.size() && text[name_end] != '=' && !is_blank(text[name_end])) ++name_end;
  const std::string_view after_name = skip_blanks(text.substr(name_end));
  if (name_end == 0) return ConfigError{"missing attribute name"};
  if (after_name.empty() || after_name.front() != '=') {
    return ConfigError{"missing '=' after attribute name"};
  }
  return NameValue{std::string(text.substr(0, name_end)),
                   std::string(trim_blanks_right(skip_blanks(after_name.substr(1))))};
}

MainCf parse_main_cf(std::string_view path, std::string_view contents, ParameterTable table) {
  MainCf result;
  result.table = std::move(table);
  LogicalLines lines(contents);
  for (bool first = true; lines.next(); first = false) {
    const std::string& line = lines.text();
    if (first && is_blank(line.front())) {
      result.warnings.push_back(indented_line_text(path, line));
      continue;
    }
    ConfigResult<NameValue> entry = split_name_value(line);
    if (!entry) {
      result.fatal = line_prefix(path, lines.line_number()) + entry.error().text + ": \"" + line + '"';
      return result;
    }
    auto& [name, value] = entry.value();
    const auto [place, inserted] = result.table.try_emplace(std::move(name), value);
    if (!inserted && place->second != value) {
      result.warnings.push_back(line_prefix(path, lines.line_number()) +
                                "overriding earlier entry: " + place->first + '=' + place->second);
      place->second = std::move(value);
    }
  }
  return result;
}

}  // namespace uflush
