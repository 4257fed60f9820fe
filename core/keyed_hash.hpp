/// A hash that nobody outside can foresee: whoever makes up the keys of a table must not be able to have them
/// all collide. SipHash-1-3 (Aumasson and Bernstein) with a key that each process draws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace uflush {

struct HashKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

/// The key of this process, drawn when it is first asked for.
[[nodiscard]] const HashKey& process_hash_key();

[[nodiscard]] std::uint64_t keyed_hash(const HashKey& key, std::string_view text) noexcept;

/// For tables whose keys come from clients.
struct KeyedTextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return keyed_hash(process_hash_key(), text);
  }
};

}  // namespace uflush
