/// main.cf: a second, naive reading of BEHAVIOUR.md 6.1 finds the same values and complaints; what was
/// parsed, written out and parsed again, has the same values, also over other values; a file cut between two
/// logical lines parses as the two halves one after the other; each value is found again at its line.
#include "protocol/main_cf.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "fuzz/input.hpp"
#include "io/check.hpp"

namespace uflush {
namespace {

constexpr std::string_view path = "/etc/postfix/main.cf";
constexpr std::string_view blanks = " \t\n\v\f\r";
constexpr std::string_view blanks_and_equals_sign = " \t\n\v\f\r=";

std::string serialised(const ParameterTable& table) {
  std::string text;
  for (const auto& [name, value] : table) text.append(name).append(" = ").append(value).append("\n");
  return text;
}

void check_entries(const ParameterTable& table) {
  for (const auto& [name, value] : table) {
    FLUSH_ASSERT(!name.empty() && name.front() != '#');
    for (const char byte : name) FLUSH_ASSERT(byte != '=' && byte != '\0' && !is_blank(byte));
    FLUSH_ASSERT(value.find('\n') == std::string::npos && value.find('\0') == std::string::npos);
    FLUSH_ASSERT(value.empty() || (!is_blank(value.front()) && !is_blank(value.back())));
  }
}

// ---- The naive reading: all physical lines, then all logical ones, then the entries.

struct LogicalLine {
  std::size_t number;  ///< of its first physical line
  std::string text;
};

std::vector<LogicalLine> naive_lines(std::string_view contents) {
  std::vector<LogicalLine> lines;
  std::size_t number = 0;
  for (const std::string_view line : split(contents, '\n')) {
    ++number;
    const std::size_t text = line.find_first_not_of(blanks);
    if (text == std::string_view::npos || line[text] == '#') continue;
    if (text > 0 && !lines.empty()) {
      lines.back().text += line;
    } else {
      lines.push_back({number, std::string(line)});
    }
  }
  for (LogicalLine& line : lines) line.text = split(line.text, '\0').front();
  return lines;
}

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(blanks) - begin + 1));
}

MainCf naive_reading(std::string_view contents) {
  MainCf reading;
  for (const auto& [number, line] : naive_lines(contents)) {
    const std::string at = std::string(path) + ", line " + std::to_string(number) + ": ";
    const std::size_t name_end = std::min(line.find_first_of(blanks_and_equals_sign), line.size());
    const std::string behind = trimmed(std::string_view(line).substr(name_end));
    if (line.find_first_of(blanks) == 0) {
      reading.warnings.push_back(std::string(path) + ": logical line must not start with whitespace: \"" +
                                 line.substr(0, 30) + (line.size() > 30 ? "...\"" : "\""));
    } else if (name_end == 0) {
      reading.fatal = at + "missing attribute name: \"" + line + '"';
      return reading;
    } else if (!behind.starts_with('=')) {
      reading.fatal = at + "missing '=' after attribute name: \"" + line + '"';
      return reading;
    } else {
      const std::string name = line.substr(0, name_end);
      const std::string value = trimmed(behind.substr(1));
      const auto earlier = reading.table.find(name);
      if (earlier != reading.table.end() && earlier->second != value)
        reading.warnings.push_back(at + "overriding earlier entry: " + name + '=' + earlier->second);
      reading.table[name] = value;
    }
  }
  return reading;
}

void check_naive(std::string_view contents, const MainCf& parsed) {
  const MainCf naive = naive_reading(contents);
  FLUSH_ASSERT(parsed.table == naive.table);
  FLUSH_ASSERT(parsed.warnings == naive.warnings);
  FLUSH_ASSERT(parsed.fatal == naive.fatal);
}

/// Whether the line at the front of `text` begins a new logical line.
bool begins_entry(std::string_view text) {
  return !text.empty() && !is_blank(text.front()) && text.front() != '#' && text.front() != '\0';
}

void check_halves(std::string_view contents, const MainCf& whole) {
  for (std::size_t at = contents.find('\n'); at != std::string_view::npos; at = contents.find('\n', at + 1)) {
    const std::string_view back = contents.substr(at + 1);
    if (!begins_entry(back)) continue;
    MainCf front = parse_main_cf(path, contents.substr(0, at + 1));
    if (front.fatal) return;
    const MainCf both = parse_main_cf(path, back, std::move(front.table));
    FLUSH_ASSERT(both.table == whole.table);
    FLUSH_ASSERT(both.fatal.has_value() == whole.fatal.has_value());
    FLUSH_ASSERT(both.warnings.size() + front.warnings.size() == whole.warnings.size());
  }
}

}  // namespace
}  // namespace uflush

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uflush;
  const std::string_view contents = as_text(data, size);
  const MainCf parsed = parse_main_cf(path, contents);
  check_entries(parsed.table);
  check_naive(contents, parsed);
  check_halves(contents, parsed);

  for (const auto& [name, value] : parsed.table) {
    const auto entry = find_entry(contents, name);
    FLUSH_ASSERT(entry && (parsed.fatal || entry->value == value));
  }

  const MainCf again = parse_main_cf(path, serialised(parsed.table));
  FLUSH_ASSERT(again.table == parsed.table);
  FLUSH_ASSERT(again.warnings.empty() && !again.fatal);

  ParameterTable others;
  for (const auto& [name, value] : parsed.table) others[name] = "a value that is overridden";
  FLUSH_ASSERT(parse_main_cf(path, serialised(parsed.table), others).table == parsed.table);
  return 0;
}
