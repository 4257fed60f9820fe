/// A table in memory, for the types that are read as a whole when they are opened.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/table/found_value.hpp"
#include "core/table/table.hpp"
#include "core/table/text_hash.hpp"

namespace uflush {

using TextMap = std::unordered_map<std::string, std::string, TextHash, std::equal_to<>>;

/// Finds what is in the map, byte for byte. Whoever fills it sees to it that it holds nothing but UTF-8 if it
/// must.
class MemoryTable final : public Table {
 public:
  MemoryTable(std::string name, TextMap entries)
      : Table(std::move(name), Keys::fixed), entries_(std::move(entries)) {}
  [[nodiscard]] Lookup find(std::string_view key, Inquiry& inquiry) override {
    const auto found = entries_.find(key);
    return found == entries_.end() ? Lookup::not_found
                                   : found_value(*this, key, found->second, false, inquiry);
  }

 private:
  TextMap entries_;
};

}  // namespace uflush
