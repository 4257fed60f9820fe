/// Faults that a daemon could have, one of each kind that is compared: the tester must notice them all.
#pragma once

#include <array>

namespace uflush::differential {

enum class Fault {
  reply_differs,
  reply_missing,
  ends_otherwise,
  trigger_missing,
  trigger_added,
  trigger_differs,
  line_missing,
  line_added,
  line_differs,
  content,
  mode,
  owner,
  group,
  access_time,
  modification_time,
  links,
  file_missing,
  file_added,
  directory_mode,
  directory_missing
};

inline constexpr std::array fault_names{"reply_differs",
                                        "reply_missing",
                                        "ends_otherwise",
                                        "trigger_missing",
                                        "trigger_added",
                                        "trigger_differs",
                                        "line_missing",
                                        "line_added",
                                        "line_differs",
                                        "content",
                                        "mode",
                                        "owner",
                                        "group",
                                        "access_time",
                                        "modification_time",
                                        "links",
                                        "file_missing",
                                        "file_added",
                                        "directory_mode",
                                        "directory_missing"};

}  // namespace uflush::differential
