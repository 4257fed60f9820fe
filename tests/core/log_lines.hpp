/// What tests ask about the lines of a logfile.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace uflush {

/// A filler line is a queue ID of zeros.
inline bool is_filler(std::string_view line) {
  return line.size() >= 7 && line.find_first_not_of('0') == std::string_view::npos;
}

inline std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

inline std::vector<std::string> without_fillers(std::string_view text) {
  std::vector<std::string> lines = lines_of(text);
  std::erase_if(lines, [](const std::string& line) { return is_filler(line); });
  return lines;
}

}  // namespace uflush
