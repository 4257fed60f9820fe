/// A table of keys in memory, for the types that are read as a whole when they are opened.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "core/table/table.hpp"

namespace uflush {

/// Hashes std::string and std::string_view alike, so that a look-up copies nothing.
struct TextHash {
  using is_transparent = void;
  [[nodiscard]] std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};

using KeySet = std::unordered_set<std::string, TextHash, std::equal_to<>>;

/// Finds what is in the set, byte for byte.
class KeySetTable final : public Table {
 public:
  KeySetTable(std::string name, KeySet keys) : Table(std::move(name), Keys::fixed), set_(std::move(keys)) {}
  [[nodiscard]] Lookup find(std::string_view key, Inquiry& /*inquiry*/) override {
    return set_.contains(key) ? Lookup::found : Lookup::not_found;
  }

 private:
  KeySet set_;
};

}  // namespace uflush
