#include "core/case_fold.hpp"

#include <algorithm>
#include <cstdint>

#include <unicode/ucasemap.h>

#include "core/utf8.hpp"

namespace uflush {
namespace {

bool is_upper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}

std::string_view fold_ascii(std::string_view text, std::string& scratch) {
  const auto first = std::find_if(text.begin(), text.end(), is_upper);
  if (first == text.end()) return text;
  scratch.assign(text);
  std::transform(scratch.begin(), scratch.end(), scratch.begin(),
                 [](char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; });
  return scratch;
}

/// ICU's folding tables, opened at the first name that needs them and kept for the life of the process.
/// Null when ICU has no data.
const UCaseMap* case_map() {
  static const UCaseMap* const map = [] {
    UErrorCode status = U_ZERO_ERROR;
    const UCaseMap* opened = ucasemap_open("", U_FOLD_CASE_DEFAULT, &status);
    return U_SUCCESS(status) ? opened : nullptr;
  }();
  return map;
}

/// False when ICU cannot fold it.
bool fold_unicode(std::string_view text, std::string& scratch) {
  if (case_map() == nullptr || text.size() > INT32_MAX / 4) return false;
  // Default folding turns one code point into three at most, each no longer than three bytes for every two
  // that came in (U+0390 is the worst: 2 bytes become 6).
  std::string folded(text.size() * 3, '\0');
  UErrorCode status = U_ZERO_ERROR;
  const std::int32_t length =
      ucasemap_utf8FoldCase(case_map(), folded.data(), static_cast<std::int32_t>(folded.size()), text.data(),
                            static_cast<std::int32_t>(text.size()), &status);
  if (U_FAILURE(status)) return false;
  folded.resize(static_cast<std::size_t>(length));
  scratch = std::move(folded);
  return true;
}

}  // namespace

std::string_view fold_case(std::string_view text, Folding folding, std::string& scratch) {
  // ICU leaves bytes that are no character as they are, and folds those around them (seen on 3.7.11).
  if (folding == Folding::utf8 && !is_ascii(text) && fold_unicode(text, scratch)) return scratch;
  return fold_ascii(text, scratch);
}

std::string fold_case(std::string_view text, Folding folding) {
  std::string scratch;
  return std::string(fold_case(text, folding, scratch));
}

}  // namespace uflush
