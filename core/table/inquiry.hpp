/// What passes between a look-up and whoever asked for it.
///
/// Tables of other processes cannot answer at once. A look-up that needs one of their answers stops with
/// `Lookup::unanswered` and leaves a question; the asker puts it to proxymap(8) or to postmap(1), adds the
/// answer, and starts over: what was asked before is known by then.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "io/clock.hpp"

namespace uflush {

/// Texts for the log without their severity word, in the order of writing. A look-up may happen in a worker
/// thread, where nothing may be logged.
using Warnings = std::vector<std::string>;

/// What a table says about a key. No decision depends on the value that is found: an empty one is as good as
/// any. It only matters to a pipeline (pipe_table.hpp), where it is the key for the next table.
enum class Lookup : std::uint8_t {
  not_found,
  found,
  failed,      ///< the table cannot say; what there is to tell is in the warnings
  unanswered,  ///< the inquiry's question has to be answered first
};

/// Which keys of a site a table is asked for.
enum class Keys : std::uint8_t {
  fixed,    ///< the site and its parent domains
  pattern,  ///< the site itself
};

/// One key for one table, in the terms of proxymap(8): the table's name is without `proxy:`.
struct RemoteQuestion {
  std::string table;
  std::string key;
  bool is_direct = false;  ///< the configuration names the table without `proxy:`
};

struct RemoteAnswer {
  Lookup lookup = Lookup::failed;
  Keys keys = Keys::fixed;
  std::string trouble;   ///< why it failed; empty when the table's own process says that
  bool quiet = false;    ///< it failed, and the log has said so not long ago
  std::string value;     ///< what was found
  Instant good_until{};  ///< afterwards ask again
};

struct Inquiry {
  struct Answered {
    RemoteQuestion question;
    RemoteAnswer answer;
  };

  Warnings warnings;
  std::vector<std::string> notes;          ///< for the verbose log
  std::vector<Answered> answers;           ///< so far: there are never many
  std::optional<RemoteQuestion> question;  ///< set by a look-up that is `unanswered`
  bool quiet = false;                      ///< of a look-up that has failed the log has been told before
  std::stop_token give_up;                 ///< ends waiting for the lock of a table; it fails then
  bool wants_value = false;                ///< a look-up that finds something leaves it in `value`
  std::string value;

  [[nodiscard]] const RemoteAnswer* find_answer(std::string_view table, std::string_view key,
                                                bool is_direct) const noexcept {
    const auto found = std::find_if(answers.begin(), answers.end(), [&](const Answered& each) {
      return each.question.table == table && each.question.key == key && each.question.is_direct == is_direct;
    });
    return found == answers.end() ? nullptr : &found->answer;
  }
};

}  // namespace uflush
