/// How much is generated, and from what.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/sim/dice.hpp"

namespace uflush::corpus {

/// $UFLUSH_CORPUS_SEED, else another one each time: it belongs into every failure's text.
[[nodiscard]] inline std::uint64_t seed() {
  static const std::uint64_t chosen = [] {
    const char* const given = std::getenv("UFLUSH_CORPUS_SEED");
    return given == nullptr ? std::random_device{}() : std::strtoull(given, nullptr, 10);
  }();
  return chosen;
}

/// `count`, times $UFLUSH_CORPUS_SIZE.
[[nodiscard]] inline std::size_t times_size(std::size_t count) {
  const char* const given = std::getenv("UFLUSH_CORPUS_SIZE");
  return count * (given == nullptr ? 1 : std::strtoull(given, nullptr, 10));
}

[[nodiscard]] inline std::string one_of(Dice& dice, const std::vector<std::string>& texts) {
  return texts[dice.below(texts.size())];
}

/// What a program writes to a terminal or a log for `text`: cleaned of all that may be no text, and cut.
[[nodiscard]] inline std::string as_logged(std::string text) {
  constexpr std::size_t bytes_max = 1900;
  for (char& byte : text)
    if (byte < ' ' || byte == 0x7f) byte = '?';  // bytes above 0x7f are negative
  return text.substr(0, bytes_max);
}

/// Calls work(0) to work(count - 1) from several threads: Postfix's programs sleep for a second before they
/// end for a reason that they call fatal.
template <typename Work>
void in_parallel(std::size_t count, const Work& work) {
  constexpr std::size_t threads_max = 16;
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min(count, threads_max); ++i)
    threads.emplace_back([&] {
      for (std::size_t at = next++; at < count; at = next++) work(at);
    });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace uflush::corpus
