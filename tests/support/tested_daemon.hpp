/// Which program the suites test: ours, or (to validate the tests themselves) the one that Postfix ships.
#pragma once

#include <string>
#include <vector>

namespace uflush::support {

/// Sanitizers have an allocator, make system calls and need descriptors of their own.
#if defined(__has_feature)
inline constexpr bool has_sanitizer = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool has_sanitizer = false;
#endif

inline constexpr const char* stock_daemon = "/usr/lib/postfix/sbin/flush";

/// $UFLUSH_TEST_DAEMON, else the uflush of this build.
[[nodiscard]] std::string tested_daemon();
/// Its last path component: what log tags and process tables show.
[[nodiscard]] std::string tested_daemon_name();
/// Options that the suites start it with besides their own: `-o uflush_backend=$UFLUSH_TEST_BACKEND` if that
/// is set. The reference takes no notice.
[[nodiscard]] std::vector<std::string> tested_daemon_options();
/// True when the suites run against the reference: what only uflush promises is skipped then.
[[nodiscard]] bool testing_the_stock_daemon();

}  // namespace uflush::support
