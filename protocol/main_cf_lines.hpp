/// The logical lines of main.cf and of files with its grammar (BEHAVIOUR.md 6.1): see main_cf.hpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace uflush {

/// Hands out logical lines, with the number of the physical line that each begins on.
class MainCfLines {
 public:
  /// Borrows `contents`.
  explicit MainCfLines(std::string_view contents) : rest_(contents) {}

  /// False at the end. Otherwise `text()` and `line_number()` describe the next logical line.
  bool next();

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// Counted from 1.
  [[nodiscard]] std::size_t line_number() const noexcept { return line_number_; }

 private:
  [[nodiscard]] std::string_view peek_line() const noexcept { return rest_.substr(0, rest_.find('\n')); }
  [[nodiscard]] bool at_skipped_line() const noexcept;
  std::string_view take_line() noexcept;

  std::string_view rest_;
  std::string text_;
  std::size_t lines_taken_ = 0;
  std::size_t line_number_ = 0;
};

}  // namespace uflush
