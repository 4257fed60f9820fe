/// What is done to both daemons: something happens in the spool, then a client comes.
#pragma once

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace uflush::differential {

/// A change in the spool that no flush daemon makes. What cannot be done (a link to a file that is not there)
/// is left out; as both spools are alike, it is left out of both.
struct SpoolEvent {
  enum class Kind {
    put_file,
    remove,
    change_mode,
    link_hard,
    link_symbolic,
    make_directory,
    set_times,
    rename
  };

  Kind kind = Kind::put_file;
  std::string path = {};     ///< relative to the queue directory
  std::string content = {};  ///< put_file; for links: the target; for rename: the new path
  mode_t mode = 0600;
  bool owned_by_root = false;
  std::time_t atime_age_s = 0, mtime_age_s = 0;  ///< before the start of the scenario; put_file, set_times
};

/// When a client goes away without a look at the reply.
enum class Leaving { never, after_the_request, before_the_announcement };

/// Each piece is a request: all are sent at once, or by one client after the other.
enum class Pipelining { none, one_client, as_many_clients };

struct Conversation {
  /// Sent one after the other; each but the first waits until the daemon has read those before it.
  std::vector<std::string> pieces = {};
  bool speaks_first = false;  ///< does not wait for the announcement
  bool half_closes = true;    ///< shuts its side down behind the last piece
  Pipelining pipelining = Pipelining::none;
  Leaving leaving = Leaving::never;

  [[nodiscard]] bool is_one_client_per_piece() const { return pipelining == Pipelining::as_many_clients; }

  [[nodiscard]] std::string all_bytes() const;
};

struct Step {
  std::vector<SpoolEvent> events;
  Conversation conversation;
};

/// For the report.
[[nodiscard]] std::string to_text(const SpoolEvent& event);
[[nodiscard]] std::string to_text(const Conversation& conversation);
/// C-like escapes for what is not printable; long texts are cut.
[[nodiscard]] std::string as_literal(std::string_view bytes, std::size_t bytes_max = 400);

/// Makes the change below `queue_directory`; ages count from `base`.
void apply(const SpoolEvent& event, const std::string& queue_directory, std::time_t base);

}  // namespace uflush::differential
