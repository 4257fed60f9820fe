/// Where uflush differs from flush(8) on purpose.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "tests/differential/side.hpp"

namespace uflush::differential {

/// What a step met.
struct Circumstances {
  const Conversation& conversation;
  const Snapshot& before;                    ///< the spool, before the client came
  const std::set<std::string>& said_before;  ///< what uflush has logged since both processes started
};

/// One row of docs/compatibility.md.
struct AllowedDifference {
  std::string_view row;      ///< its first column
  std::string_view section;  ///< of BEHAVIOUR.md
  /// When this difference is at work: changes what the reference did into what uflush does instead, and
  /// returns true. All else stays to be compared.
  bool (*explain)(const Circumstances& step, Observation& expected, const Observation& ours);
};

/// A conversation whose outcome differs as a whole on purpose: what the reference is told instead, so that
/// its outcome must be the same.
struct AdaptedConversation {
  std::string_view row;  ///< of docs/compatibility.md
  Conversation conversation;
};
[[nodiscard]] std::optional<AdaptedConversation> as_for_the_reference(const Conversation& conversation);

[[nodiscard]] std::span<const AllowedDifference> allowed_differences();

}  // namespace uflush::differential
