#include "core/short_send.hpp"

#include <cstddef>
#include <utility>

#include "core/moving.hpp"

namespace uflush {
namespace {

constexpr std::size_t short_log_bytes = 1024;

}  // namespace

ShortSend try_short_send(const SpoolAccess& spool, const LogInHand& log) {
  ShortSend send;
  send.contents = read_logfile(spool.files, log.file, log.path, spool.loop.wall_time(), log.mark,
                               FileSystem::Lock::try_now);
  if (!send.contents) return send;
  const LogContents& contents = send.contents.value();
  if (contents.lines.size() > short_log_bytes) return send;
  Moved moved = move_in_one_go(spool, log.name, contents.lines);
  send.notes = std::move(moved.notes);
  send.warnings = std::move(moved.warnings);
  send.ran_short = moved.ran_short;
  if (send.ran_short) return send;
  send.moved = true;
  send.dropped = drop_lines(spool, log, contents, FileSystem::Lock::try_now);
  return send;
}

Result<void> drop_lines(const SpoolAccess& spool, const LogInHand& log, const LogContents& handled,
                        FileSystem::Lock patience) {
  return drop_handled_lines(spool.files, log.file, log.path, handled, spool.loop.wall_time(),
                            spool.config.uflush_durability, patience);
}

}  // namespace uflush
