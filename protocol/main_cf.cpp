#include "protocol/main_cf.hpp"

#include <cstddef>
#include <utility>

#include "protocol/main_cf_lines.hpp"

namespace uflush {
namespace {

std::string indented_line_text(std::string_view path, std::string_view line) {
  constexpr std::size_t shown_bytes_max = 30;
  std::string text(path);
  text += ": logical line must not start with whitespace: \"";
  text += line.substr(0, shown_bytes_max);
  text += line.size() > shown_bytes_max ? "...\"" : "\"";
  return text;
}

}  // namespace

std::string line_place(std::string_view path, std::size_t line_number) {
  return std::string(path) + ", line " + std::to_string(line_number);
}

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

MainCf parse_main_cf(std::string_view path, std::string_view contents, ParameterTable table,
                     BadLine bad_line) {
  MainCf result;
  result.table = std::move(table);
  MainCfLines lines(contents);
  for (bool first = true; lines.next(); first = false) {
    const std::string& line = lines.text();
    if (first && is_blank(line.front())) {
      result.warnings.push_back(indented_line_text(path, line));
      continue;
    }
    ConfigResult<NameValue> entry = split_name_value(line);
    if (!entry) {
      std::string text =
          line_place(path, lines.line_number()) + ": " + entry.error().text + ": \"" + line + '"';
      if (bad_line == BadLine::is_passed_over) {
        result.warnings.push_back(std::move(text));
        continue;
      }
      result.fatal = std::move(text);
      return result;
    }
    auto& [name, value] = entry.value();
    const auto [place, inserted] = result.table.try_emplace(std::move(name), value);
    if (!inserted && place->second != value) {
      result.warnings.push_back(line_place(path, lines.line_number()) +
                                ": overriding earlier entry: " + place->first + '=' + place->second);
      place->second = std::move(value);
    }
  }
  return result;
}

std::optional<EntryAt> find_entry(std::string_view contents, std::string_view name) {
  std::optional<EntryAt> found;
  MainCfLines lines(contents);
  for (bool first = true; lines.next(); first = false) {
    if (first && is_blank(lines.text().front())) continue;
    ConfigResult<NameValue> entry = split_name_value(lines.text());
    if (entry && entry.value().name == name)
      found = EntryAt{lines.line_number(), std::move(entry.value().value)};
  }
  return found;
}

}  // namespace uflush
