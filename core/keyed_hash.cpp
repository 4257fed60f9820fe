#include "core/keyed_hash.hpp"

#include <bit>
#include <cstddef>
#include <cstring>

#include <sys/random.h>
#include <time.h>
#include <unistd.h>

namespace uflush {
namespace {

class SipState {
 public:
  explicit SipState(const HashKey& key) noexcept
      : v0_(key.low ^ 0x736f6d6570736575U),
        v1_(key.high ^ 0x646f72616e646f6dU),
        v2_(key.low ^ 0x6c7967656e657261U),
        v3_(key.high ^ 0x7465646279746573U) {}

  void take(std::uint64_t word) noexcept {
    v3_ ^= word;
    round();
    v0_ ^= word;
  }

  [[nodiscard]] std::uint64_t finish() noexcept {
    v2_ ^= 0xffU;
    for (int i = 0; i < 3; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void round() noexcept {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_;
  std::uint64_t v1_;
  std::uint64_t v2_;
  std::uint64_t v3_;
};

/// Where the kernel gives no random bytes, the time and the process have to do.
HashKey draw_key() {
  HashKey key;
  if (::getrandom(&key, sizeof key, GRND_INSECURE) == static_cast<ssize_t>(sizeof key)) return key;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto seconds = static_cast<std::uint64_t>(now.tv_sec);
  const auto nanoseconds = static_cast<std::uint64_t>(now.tv_nsec);
  return {seconds * 0x9E3779B97F4A7C15U ^ nanoseconds,
          static_cast<std::uint64_t>(::getpid()) ^ nanoseconds << 32U};
}

}  // namespace

const HashKey& process_hash_key() {
  static const HashKey key = draw_key();
  return key;
}

std::uint64_t keyed_hash(const HashKey& key, std::string_view text) noexcept {
  SipState state(key);
  std::uint64_t last = text.size() << 56U;
  for (; text.size() >= sizeof last; text.remove_prefix(sizeof last)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    state.take(word);
  }
  for (std::size_t i = 0; i < text.size(); ++i)
    last |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
  state.take(last);
  return state.finish();
}

}  // namespace uflush
