/// What becomes of a process that master(8) has started and that cannot start.
///
/// Postfix's own daemon ends, and does so again and again, while delivery agents that defer mail wait for it.
/// This one stays for a minute and answers FAIL to whoever asks (core/failing_server.hpp), so that mail goes
/// on, and ends then, with the same exit status. It does so without any rights worth having.
#pragma once

#include "core/config.hpp"
#include "tools/uflush/startup.hpp"

namespace uflush {

/// Answers, if it may: with a listening socket on descriptor 6, under master(8), and unless
/// `uflush_answer_when_broken` says no. The fatal record has been written. `known` is the configuration, as
/// far as it can be had.
///
/// Root becomes mail_owner, or nobody where there is no such user, in an empty root directory, whatever -u
/// and -c say; who cannot is silent and ends at once. Who has no root's rights any more keeps his own, and
/// Landlock takes the file system away from him.
///
/// It leaves early when the configuration changes, or the file that was missed comes, when master(8) reloads
/// or is gone, and on SIGTERM.
void answer_while_broken(Startup& startup, const Config& known);

}  // namespace uflush
