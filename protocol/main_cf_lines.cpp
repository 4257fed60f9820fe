#include "protocol/main_cf_lines.hpp"

#include <algorithm>

#include "protocol/main_cf.hpp"

namespace uflush {

bool MainCfLines::next() {
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

bool MainCfLines::at_skipped_line() const noexcept {
  const std::string_view line = skip_blanks(peek_line());
  return line.empty() || line.front() == '#';
}

std::string_view MainCfLines::take_line() noexcept {
  const std::string_view line = peek_line();
  const std::size_t end = rest_.find('\n');
  rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
  ++lines_taken_;
  return line;
}

}  // namespace uflush
