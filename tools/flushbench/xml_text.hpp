/// Text from outside, made fit for XML.
#pragma once

#include <string>
#include <string_view>

namespace uflush::bench {

/// For content and for attribute values in quotes of either kind. What XML cannot hold (control characters,
/// bytes that are not UTF-8) becomes U+FFFD.
[[nodiscard]] std::string escape_xml(std::string_view text);

}  // namespace uflush::bench
