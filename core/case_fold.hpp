/// Case folding of sites and of the patterns they are compared with (BEHAVIOUR.md 5.4).
#pragma once

#include <string>
#include <string_view>

namespace uflush {

/// What smtputf8_enable decides.
enum class Folding : bool {
  ascii,  ///< A-Z only
  utf8,   ///< also Unicode default case folding, of text that is not ASCII and is well-formed UTF-8
};

/// `text` folded. The view is `text` itself when there is nothing to fold (and then nothing is allocated),
/// otherwise it points into `scratch`. Folding may lengthen: `ß` becomes `ss`.
[[nodiscard]] std::string_view fold_case(std::string_view text, Folding folding, std::string& scratch);

/// The same as a string of its own.
[[nodiscard]] std::string fold_case(std::string_view text, Folding folding);

}  // namespace uflush
