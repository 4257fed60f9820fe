#include "core/case_fold.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <unicode/uchar.h>
#include <unicode/ustring.h>

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

/// Appends what well-formed text folds into. False when ICU cannot fold it. ICU folds UTF-8 as well, but
/// those functions know locales, and the tables of those would be relocated at each start.
bool append_folded(std::string_view text, std::string& folded) {
  UErrorCode status = U_ZERO_ERROR;
  std::u16string wide(text.size(), u'\0');
  std::int32_t size = 0;
  u_strFromUTF8(wide.data(), static_cast<std::int32_t>(wide.size()), &size, text.data(),
                static_cast<std::int32_t>(text.size()), &status);
  // Default folding turns one unit into three at most, each no longer than three bytes.
  std::u16string wide_folded(3 * static_cast<std::size_t>(size), u'\0');
  size = u_strFoldCase(wide_folded.data(), static_cast<std::int32_t>(wide_folded.size()), wide.data(), size,
                       U_FOLD_CASE_DEFAULT, &status);
  const std::size_t before = folded.size();
  folded.resize(before + 3 * static_cast<std::size_t>(size));
  std::int32_t added = 0;
  u_strToUTF8(folded.data() + before, static_cast<std::int32_t>(folded.size() - before), &added,
              wide_folded.data(), size, &status);
  folded.resize(before + static_cast<std::size_t>(added));
  return U_SUCCESS(status);
}

/// Bytes that are no character stay as they are. False when ICU cannot fold it.
bool fold_unicode(std::string_view text, std::string& scratch) {
  if (text.size() > INT32_MAX / 9) return false;
  std::string folded;
  while (!text.empty()) {
    const std::size_t valid = valid_utf8_prefix(text);
    if (valid > 0 && !append_folded(text.substr(0, valid), folded)) return false;
    text.remove_prefix(valid);
    if (text.empty()) break;
    folded.push_back(text.front());
    text.remove_prefix(1);
  }
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
