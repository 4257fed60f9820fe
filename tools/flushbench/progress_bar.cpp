#include "tools/flushbench/progress_bar.hpp"

#include <cstdio>
#include <string>

#include <fmt/format.h>
#include <unistd.h>

namespace uflush::bench {
namespace {

constexpr std::size_t bar_columns = 24;
constexpr std::string_view wipe_line = "\r\033[K";

}  // namespace

ProgressBar::ProgressBar()
    : on_terminal_(::isatty(STDOUT_FILENO) != 0), began_(std::chrono::steady_clock::now()) {}

ProgressBar::~ProgressBar() {
  if (on_terminal_) fmt::print("{}", wipe_line);
}

void ProgressBar::show(double done, std::string_view next) {
  if (!on_terminal_) return;
  const auto filled = static_cast<std::size_t>(done * bar_columns);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  const std::string left =
      done > 0 ? fmt::format("at most {:.0f} s left", seconds / done - seconds) : std::string("starting");
  fmt::print("{}[{:#<{}}{:.<{}}] {:3.0f}%  {}  {}", wipe_line, "", filled, "", bar_columns - filled,
             done * 100, left, next);
  std::fflush(stdout);
}

}  // namespace uflush::bench
