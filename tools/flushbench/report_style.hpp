/// How the report looks, on screens light and dark, and on paper.
#pragma once

#include <string_view>

namespace uflush::bench {

/// The page's only style sheet. The classes of series are ours0 and up, stock0 and up, floor0 and up.
extern const std::string_view report_style;

/// So many different looks there are for each role; more series than that share them.
inline constexpr std::size_t looks_per_role = 4;

}  // namespace uflush::bench
