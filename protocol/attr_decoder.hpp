/// Reading attribute lists, `name\0value\0` ... `\0`, out of a buffer that fills up piece by piece
/// (BEHAVIOUR.md 2.1).
///
/// Nothing is copied: what comes out are views into the caller's buffer. Between two calls the buffer may
/// move and may get longer, but the bytes it already had stay the same. No byte is searched twice, so a peer
/// that sends one byte at a time costs no more than one that sends them all at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace uflush {

/// Cuts NUL-terminated tokens off the front of a buffer.
/// Invariant: position <= searched <= size of the buffer at the last call.
class TokenScanner {
 public:
  /// The next token without its NUL, or nothing when the NUL has not come yet. `received` starts with the
  /// same bytes at each call, also those of tokens that were handed out.
  [[nodiscard]] std::optional<std::string_view> next(std::string_view received) noexcept {
    if (searched_ < received.size()) {
      const char* from = received.data() + searched_;
      const void* nul = std::memchr(from, '\0', received.size() - searched_);
      if (nul != nullptr) {
        const auto end = static_cast<std::size_t>(static_cast<const char*>(nul) - received.data());
        const std::string_view token = received.substr(position_, end - position_);
        position_ = searched_ = end + 1;
        return token;
      }
      searched_ = received.size();
    }
    return std::nullopt;
  }

  /// How many bytes the tokens so far took, NULs included: the offset of the next token.
  [[nodiscard]] std::size_t position() const noexcept { return position_; }

 private:
  std::size_t position_ = 0;
  std::size_t searched_ = 0;
};

/// One step through an attribute list.
struct AttrStep {
  enum class Kind : std::uint8_t { needs_more, attribute, end_of_list };
  Kind kind = Kind::needs_more;
  std::string_view name;   ///< with Kind::attribute; a view into the buffer
  std::string_view value;  ///< likewise
};

/// Walks over the attributes of one list, in the order in which they come and whatever their names: for
/// readers of replies. (What a server expects of a request is in request_decoder.hpp.)
class AttrDecoder {
 public:
  /// The next attribute, the end of the list, or the wish for more bytes. At the end of the list it stays
  /// there.
  [[nodiscard]] AttrStep next(std::string_view received) noexcept;

  /// Bytes of everything handed out so far; after the end of the list, the size of the whole list.
  [[nodiscard]] std::size_t consumed_bytes() const noexcept { return consumed_; }

 private:
  TokenScanner scanner_;
  std::size_t consumed_ = 0;
  std::size_t name_bytes_ = 0;  // of the name that waits for its value; zero when no name does
  bool ended_ = false;
};

}  // namespace uflush
