/// A domain name in its ASCII form, by ICU's UTS #46 (BEHAVIOUR.md 4.2, steps 1-3).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <unicode/uidna.h>

namespace uflush {

/// enable_idna2003_compatibility: yes is transitional (`faß.de` is `fass.de`), no is not (`xn--fa-hia.de`).
enum class Idna : std::uint8_t { idna2008, transitional };

/// Translates names. Opens ICU's data at the first call, so that a start-up without odd names does not pay.
class IdnaMapper {
 public:
  struct Answer {
    std::string ascii;  ///< lower case, a valid hostname; empty when `failure` says why not
    std::string failure;
  };

  explicit IdnaMapper(Idna idna) noexcept : idna_(idna) {}

  /// Neither STD3 nor BIDI nor CONTEXTJ rules apply: the reference does not ask for them.
  [[nodiscard]] Answer to_ascii(std::string_view domain);

 private:
  struct Close {
    void operator()(UIDNA* mapper) const noexcept { uidna_close(mapper); }
  };

  Idna idna_;
  std::unique_ptr<UIDNA, Close> mapper_;
};

/// Labels of 1..63 ASCII letters, digits, `-` and `_`, no hyphen at either end of a label, at most 255 bytes,
/// and somewhere something that is neither a digit nor a dot.
[[nodiscard]] bool is_valid_hostname(std::string_view name) noexcept;

}  // namespace uflush
