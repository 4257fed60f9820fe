/// Fails on purpose. Fuzzing that never reports anything looks the same whether the code is right or the
/// alarm is broken; this target tells the difference (fuzz/CMakeLists.txt, tools/fuzz.sh).
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

#include "fuzz/input.hpp"
#include "io/check.hpp"

namespace uflush {
namespace {

void read_behind_the_end(std::size_t size) {
  const auto memory = std::make_unique<char[]>(size);
  [[maybe_unused]] const volatile char beyond = memory[size];
}

void overflow(std::size_t size) {
  [[maybe_unused]] volatile int sum = std::numeric_limits<int>::max();
  sum = sum + static_cast<int>(size);
}

}  // namespace
}  // namespace uflush

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = uflush::as_text(data, size);
  FLUSH_ASSERT(!text.starts_with("tweet"));
  if (text.starts_with("memory")) uflush::read_behind_the_end(size);
  if (text.starts_with("undefined")) uflush::overflow(size);
  return 0;
}
