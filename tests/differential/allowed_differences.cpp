#include "tests/differential/allowed_differences.hpp"

#include <algorithm>

#include "tests/differential/vocabulary.hpp"

namespace uflush::differential {
namespace {

using support::Ending;

bool is_pipelined(const Circumstances& step) {
  return step.conversation.pipelining == Pipelining::one_client;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

bool last_line_contains(const Observation& seen, std::string_view part) {
  return !seen.log.empty() && contains(seen.log.back(), part);
}

bool says_all_of(const Observation& ours, const Observation& expected) {
  return std::all_of(expected.log.begin(), expected.log.end(), [&](const std::string& line) {
    return std::find(ours.log.begin(), ours.log.end(), line) != ours.log.end();
  });
}

/// A process that ends does not answer; one that goes on does.
bool failure_is_answered(const Circumstances& step, Observation& expected, const Observation& ours) {
  const bool at_work = last_line_contains(expected, ": fatal: flush_add_path: open ") ||
                       last_line_contains(expected, ": fatal: flush_send_path: open ");
  if (is_pipelined(step)) return false;  // see below
  if (!at_work || !expected.reply.empty() || ours.reply.empty()) return false;
  expected.reply = support::reply_bytes(support::status_fail);
  return true;
}

/// The reference goes without an answer to the request that its process died of; the requests that uflush
/// takes from the same connection are all answered. What was logged until then must be the same.
bool pipeline_survives_failure(const Circumstances& step, Observation& expected, const Observation& ours) {
  if (!is_pipelined(step) || !expected.has_fatal()) return false;
  const auto without_failures = [](std::string replies) {
    const std::string failure = support::reply_bytes(support::status_fail);
    for (std::size_t at = 0; (at = replies.find(failure)) != std::string::npos;)
      replies.erase(at, failure.size());
    return replies;
  };
  // A table that fails is answered by both.
  const bool more_failures = ours.reply.size() > expected.reply.size();
  if (!more_failures || without_failures(ours.reply) != without_failures(expected.reply) ||
      !says_all_of(ours, expected))
    return false;
  expected.reply = ours.reply;
  expected.log = ours.log;
  return true;
}

bool silence_is_answered_in_full(const Circumstances& /*step*/, Observation& expected,
                                 const Observation& ours) {
  constexpr std::string_view complaint = "end-of-input while reading request from ";
  if (expected.reply != support::bytes("3\0\0") || !last_line_contains(expected, complaint)) return false;
  expected.reply = support::reply_bytes(support::status_bad);
  std::string& line = expected.log.back();
  if (last_line_contains(ours, complaint)) line = line.substr(0, line.rfind(": ") + 2) + "Application error";
  return true;
}

bool is_about_one_file(const std::string& line) {
  return contains(line, ": warning: flush_one_file: ") ||
         contains(line, ": rename from deferred to incoming: ");
}

/// The lines of a log, as descriptions show it between quotation marks.
std::vector<std::string> lines_of_description(std::string_view description) {
  constexpr std::string_view newline = "\\x0a";
  std::vector<std::string> lines;
  description.remove_prefix(std::min(description.find('"') + 1, description.size()));
  while (description.size() > 1) {  // a quotation mark is left
    const std::size_t end = std::min(description.find(newline), description.size() - 1);
    lines.emplace_back(description.substr(0, end));
    description.remove_prefix(std::min(end + newline.size(), description.size()));
  }
  return lines;
}

/// The reference forgets a message that it could not move, and says OK; we keep its line, and say FAIL.
/// Lines of zeros fill up; and where the lines to be kept do not fit in front of each other, all stay.
bool lines_of_what_stays_are_kept(const Circumstances& step, Observation& expected, const Observation& ours) {
  const auto is_complained_about = [&](const std::string& id) {
    return std::any_of(expected.log.begin(), expected.log.end(), [&](const std::string& line) {
      return is_about_one_file(line) && contains(line, "/" + id);
    });
  };
  bool at_work = false;
  for (auto& [path, description] : expected.spool) {
    const auto own = ours.spool.find(path);
    if (path.rfind("flush/", 0) != 0 || own == ours.spool.end() || own->second == description) continue;
    const std::vector<std::string> kept = lines_of_description(own->second);
    if (kept.empty() || !lines_of_description(description).empty()) continue;
    const auto before = step.before.find(path);
    const auto was_there = [&](const std::string& line) {
      return line.find_first_not_of('0') == std::string::npos ||
             (before != step.before.end() && contains(before->second, line));
    };
    if (std::none_of(kept.begin(), kept.end(), is_complained_about)) continue;
    if (!std::all_of(kept.begin(), kept.end(), was_there)) continue;
    description = own->second;
    at_work = true;
  }
  if (!at_work) return false;
  const std::string failure = support::reply_bytes(support::status_fail);
  const std::string success = support::reply_bytes(support::status_ok);
  const auto all_well = [&](std::string replies) {
    for (std::size_t at = 0; (at = replies.find(failure)) != std::string::npos;)
      replies.replace(at, failure.size(), success);
    return replies;
  };
  if (all_well(ours.reply) == all_well(expected.reply)) expected.reply = ours.reply;
  return true;
}

/// Who does not look at a message again for each time that a log names it, does not complain again.
bool repeated_ids_are_tried_once(const Circumstances& /*step*/, Observation& expected,
                                 const Observation& ours) {
  std::vector<std::string> lines;
  for (const std::string& line : expected.log) {
    const auto times_in = [&line](const std::vector<std::string>& log) {
      return std::count(log.begin(), log.end(), line);
    };
    if (is_about_one_file(line) && times_in(lines) > 0 && times_in(lines) >= times_in(ours.log)) continue;
    lines.push_back(line);
  }
  const bool at_work = lines.size() < expected.log.size();
  expected.log = std::move(lines);
  return at_work;
}

/// A site whose verdict is remembered is not complained about again, be it in this step.
bool bad_sites_are_named_less_often(const Circumstances& step, Observation& expected,
                                    const Observation& ours) {
  std::vector<std::string> lines;
  for (const std::string& line : expected.log) {
    const auto times_in = [&line](const std::vector<std::string>& log) {
      return std::count(log.begin(), log.end(), line);
    };
    const bool about_a_site =
        contains(line, ": non-UTF-8 key ") || contains(line, "midna_domain_to_ascii_create");
    const bool was_said = step.said_before.count(line) > 0 || times_in(lines) > 0;
    if (about_a_site && was_said && times_in(lines) >= times_in(ours.log)) continue;
    lines.push_back(line);
  }
  const bool at_work = lines.size() < expected.log.size();
  expected.log = std::move(lines);
  return at_work;
}

/// Half a line that ends so is the end of the file to both. With nothing else in the log the reference leaves
/// it as it is, and we empty it as we do with one of garbage.
bool byte_255_is_emptied(const Circumstances& step, Observation& expected, const Observation& ours) {
  bool at_work = false;
  for (const auto& [path, description] : step.before) {
    if (path.rfind("flush/", 0) != 0 || !contains(description, "\\xff\"")) continue;
    const bool was_only_line = contains(expected.spool[path], "\\xff\"");
    const auto left = ours.spool.find(path);
    if (!was_only_line || (left != ours.spool.end() && contains(left->second, "\\xff\""))) continue;
    at_work = true;
    expected.spool[path] = left != ours.spool.end() ? left->second : "(not there)";
    if (!ours.triggers.empty() && ours.triggers.back() == 'I') expected.triggers += 'I';
    // Nobody there to be triggered: that is said once more, too.
    const auto is_about_trigger = [](const std::string& line) {
      return contains(line, ": warning: unable to look up public/qmgr: ") ||
             contains(line, ": warning: public/qmgr is not a socket or a fifo");
    };
    const auto times_in = [&](const Observation& seen) {
      return std::count_if(seen.log.begin(), seen.log.end(), is_about_trigger);
    };
    if (times_in(ours) > times_in(expected))
      expected.log.push_back(*std::find_if(ours.log.begin(), ours.log.end(), is_about_trigger));
  }
  return at_work;
}

/// The reference's process ends in the middle of a refresh and leaves the rest undone: nothing of that can be
/// compared. Of the log, what it did say must be said by us too.
bool refresh_goes_on(const Circumstances& step, Observation& expected, const Observation& ours) {
  const bool unseen = step.conversation.leaving != Leaving::never;
  const bool is_refresh = !contains(step.conversation.all_bytes(), "send_site") &&
                          expected.reply == ours.reply && (unseen || !ours.reply.empty());
  if (!is_refresh) return false;
  if (!says_all_of(ours, expected)) return false;
  expected.log = ours.log;
  expected.triggers = ours.triggers;
  expected.spool = ours.spool;
  return true;
}

bool refresh_skips_strangers(const Circumstances& step, Observation& expected, const Observation& ours) {
  const bool at_work = (last_line_contains(expected, ": fatal: scan_dir_push: open directory flush/") &&
                        last_line_contains(expected, "Not a directory")) ||
                       (last_line_contains(expected, ": fatal: flush_send_path: open fast flush logfile ") &&
                        last_line_contains(expected, "Is a directory"));
  if (!at_work) return false;
  Observation without = expected;
  without.log.pop_back();
  if (!refresh_goes_on(step, without, ours)) return false;
  expected = std::move(without);
  return true;
}

bool refresh_survives_failure(const Circumstances& step, Observation& expected, const Observation& ours) {
  const bool at_work = last_line_contains(expected, ": fatal: scan_dir_push: open directory ") ||
                       last_line_contains(expected, ": fatal: flush_send_path: open fast flush logfile ");
  return at_work && refresh_goes_on(step, expected, ours);
}

/// 3.7 lets every lead byte with continuation bytes behind it into the log; we want, as 3.9 does, characters.
bool log_text_is_well_formed(const Circumstances& /*step*/, Observation& expected, const Observation& ours) {
  const auto is_cleaner = [](const std::string& cleaner, const std::string& line) {
    const auto same = [](char ours_byte, char byte) {
      return ours_byte == byte || (ours_byte == '?' && static_cast<unsigned char>(byte) >= 0x80);
    };
    return std::equal(cleaner.begin(), cleaner.end(), line.begin(), line.end(), same);
  };
  bool at_work = false;
  for (std::string& line : expected.log) {
    if (std::find(ours.log.begin(), ours.log.end(), line) != ours.log.end()) continue;
    const auto cleaner = std::find_if(ours.log.begin(), ours.log.end(),
                                      [&](const std::string& other) { return is_cleaner(other, line); });
    if (cleaner == ours.log.end()) continue;
    line = *cleaner;
    at_work = true;
  }
  return at_work;
}

/// The logfile's path, of those in `spool`, whose name the end of a log line tells.
const std::string* logfile_named_by(const std::string& line, const Snapshot& spool) {
  for (const auto& [path, _] : spool) {
    const std::string name = path.substr(path.rfind('/') + 1);
    if (path.rfind("flush/", 0) == 0 && contains(line, " fast flush logfile " + name + ": ")) return &path;
  }
  return nullptr;
}

/// A logfile that is open stays open when its mode changes; the reference opens it for each add.
bool open_logfile_outlives_its_mode(const Circumstances& step, Observation& expected,
                                    const Observation& ours) {
  const bool refused = last_line_contains(expected, ": fatal: flush_add_path: open ") &&
                       last_line_contains(expected, ": Permission denied") && !ours.has_fatal();
  const std::string* path = refused ? logfile_named_by(expected.log.back(), step.before) : nullptr;
  if (path == nullptr || ours.spool.count(*path) == 0) return false;
  const std::string& description = step.before.at(*path);
  if (description.rfind("file 0000", 0) != 0 && description.rfind("file 0400", 0) != 0) return false;
  expected.log.pop_back();
  expected.reply = ours.reply;
  expected.spool[*path] = ours.spool.at(*path);
  return true;
}

/// The reference appends to whatever is there, and so spoils the ID behind a line that was cut short.
bool half_a_line_is_ended_first(const Circumstances& step, Observation& expected, const Observation& ours) {
  constexpr std::string_view newline = "\\x0a";
  bool at_work = false;
  for (auto& [path, description] : expected.spool) {
    const auto old = step.before.find(path);
    const auto own = ours.spool.find(path);
    if (old == step.before.end() || own == ours.spool.end() || own->second == description) continue;
    const std::size_t content = description.find('"');
    const std::size_t old_content = old->second.find('"');
    if (content == std::string::npos || old_content == std::string::npos) continue;
    const std::string old_text = old->second.substr(old_content, old->second.size() - old_content - 1);
    if (description.compare(content, old_text.size(), old_text) != 0) continue;
    std::string with_newline = description;
    with_newline.insert(content + old_text.size(), newline);
    if (with_newline != own->second) continue;
    description = std::move(with_newline);
    at_work = true;
  }
  return at_work;
}

/// Whether `text` is lines, as descriptions show them, and each an ID that the client has named.
bool are_added_lines(std::string_view text, const std::string& said) {
  constexpr std::string_view newline = "\\x0a";
  std::size_t lines = 0;
  for (; text.size() > 1; ++lines) {  // a quotation mark is left
    const std::string_view id = text.substr(0, text.find(newline));
    if (id.empty() || id.size() == text.size() || !contains(said, id)) return false;
    text.remove_prefix(id.size() + newline.size());
  }
  return lines > 0;
}

/// A file that is open is written to before we see that it is no longer the site's logfile; then the line
/// goes to the new one as well. One ID too many in a file that nobody sends from, or that sends it twice.
bool line_goes_to_a_replaced_logfile_too(const Circumstances& step, Observation& expected,
                                         const Observation& ours) {
  if (!contains(step.conversation.all_bytes(), std::string("request\0add", 11))) return false;
  bool at_work = false;
  for (auto& [path, description] : expected.spool) {
    const auto own = ours.spool.find(path);
    const bool was_logfile = path.rfind("flush/", 0) == 0 || path == moved_away_path;
    if (!was_logfile || own == ours.spool.end() || own->second == description) continue;
    const std::size_t content = description.find('"');
    const std::size_t own_content = own->second.find('"');
    if (content == std::string::npos || own_content == std::string::npos) continue;
    const std::string old_text = description.substr(content, description.size() - content - 1);
    if (own->second.compare(own_content, old_text.size(), old_text) != 0) continue;
    const std::string_view added = std::string_view(own->second).substr(own_content + old_text.size());
    if (!are_added_lines(added, step.conversation.all_bytes())) continue;
    description = own->second;
    at_work = true;
  }
  return at_work;
}

/// What follows a request is read, to see whether it is one, and so cannot be thrown away unread.
bool rest_is_read(const Circumstances& /*step*/, Observation& expected, const Observation& ours) {
  if (expected.ending != Ending::reset || ours.ending != Ending::eof) return false;
  expected.ending = Ending::eof;
  return true;
}

}  // namespace

std::optional<AdaptedConversation> as_for_the_reference(const Conversation& conversation) {
  AdaptedConversation adapted{.row = {}, .conversation = conversation};
  if (conversation.pipelining == Pipelining::one_client) {
    adapted.row = "second request behind the first";
    adapted.conversation.pipelining = Pipelining::as_many_clients;
    return adapted;
  }
  if (conversation.leaving == Leaving::before_the_announcement) {
    adapted.row = "client gone before the announcement";
    adapted.conversation.leaving = Leaving::after_the_request;
    return adapted;
  }
  constexpr std::size_t short_bytes_max = 2;
  const bool is_short =
      conversation.pieces.size() > 1 && conversation.pieces.front().size() <= short_bytes_max;
  if (is_short && conversation.all_bytes().starts_with(std::string_view("request\0", 8))) {
    adapted.row = "first piece of 1 or 2 bytes is a trigger";
    adapted.conversation.pieces = {conversation.all_bytes()};
    return adapted;
  }
  return std::nullopt;
}

std::span<const AllowedDifference> allowed_differences() {
  static constexpr AllowedDifference table[] = {
      {"add: the mode of an open logfile changes", "3.1", open_logfile_outlives_its_mode},
      {"add: the log ends in half a line", "3.1", half_a_line_is_ended_first},
      {"add: an open logfile is replaced", "3.1", line_goes_to_a_replaced_logfile_too},
      {"add, send: open or lock fails", "3.8, 10.23", failure_is_answered},
      {"second request behind the first", "2.2, 10.23", pipeline_survives_failure},
      {"client that closes without a request", "2.6 row 27, 10.18", silence_is_answered_in_full},
      {"a message that is there and cannot be moved", "3.2, 10.10", lines_of_what_stays_are_kept},
      {"bytes that are no text, in the log", "7.5", log_text_is_well_formed},
      {"repeated queue IDs", "3.7, 10.11", repeated_ids_are_tried_once},
      {"reasons in the log", "4.2", bad_sites_are_named_less_often},
      {"a log that ends in byte 0xFF without a newline", "3.3, 10.20", byte_255_is_emptied},
      {"refresh: a logfile with a one-letter name, a directory with a long one", "3.5, 10.3, 10.4",
       refresh_skips_strangers},
      {"add, send: open or lock fails", "3.5, 10.23", refresh_survives_failure},
      {"second request behind the first", "2.7 last row", rest_is_read},
  };
  return table;
}

}  // namespace uflush::differential
