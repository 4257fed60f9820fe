#include "core/short_send.hpp"

#include <cstddef>

namespace uflush {
namespace {

constexpr std::size_t short_log_bytes = 1024;

}  // namespace

ShortSend try_short_send(const SpoolAccess& spool, const LogInHand& log) {
  ShortSend send;
  send.found = find_lines(spool, log);
  if (!send.found || !send.found.value().is_whole) return send;
  const FoundLog& found = send.found.value();
  TextSource lines(found.lines);
  send.moved = move_in_one_go(spool, log.name, lines);
  send.is_moved = true;
  if (send.moved.is_complete()) send.dropped = drop_lines(spool, log, found.part, send.moved);
  return send;
}

Result<FoundLog> find_lines(const SpoolAccess& spool, const LogInHand& log) {
  return find_lines(spool.files, log.file, spool.loop.wall_time(), log.mark, short_log_bytes);
}

Result<void> drop_lines(const SpoolAccess& spool, const LogInHand& log, const HandledPart& handled,
                        const Moved& moved) {
  if (moved.too_many_stayed) return outcome::success();
  return drop_handled_lines(spool.files, log.file, handled, moved.stayed, spool.loop.wall_time(),
                            spool.config.uflush_durability);
}

}  // namespace uflush
