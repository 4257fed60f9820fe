#include "tests/differential/generator.hpp"

#include <algorithm>

#include "tests/differential/mutation.hpp"
#include "tests/differential/vocabulary.hpp"
#include "tests/support/flush_client.hpp"

namespace uflush::differential {
namespace {

using Kind = SpoolEvent::Kind;

/// Nothing in a scenario is younger than this when it begins, except what daemons touch: a minute is far more
/// than a scenario takes, so that old and new are never mistaken for each other.
constexpr std::time_t minute_s = 60;
constexpr std::time_t hour_s = 3600;
constexpr std::time_t day_s = 24 * hour_s;

/// Each costs the reference its life and a second of sleep.
constexpr double fatal_probability = 0.012;

}  // namespace

Generator::Generator(const Configuration& configuration, Seed seed)
    : configuration_(configuration),
      layout_(configuration.hash_queue_names, configuration.hash_queue_depth),
      dice_(seed) {}

Step Generator::next() {
  std::vector<SpoolEvent> events = some_events();
  return {std::move(events), some_conversation()};
}

std::string Generator::site() {
  return dice_.chance(0.75) ? one_of(plain_sites()) : one_of(odd_sites());
}

std::string Generator::log_name() {
  return one_of(plain_log_names());
}

std::string Generator::valid_queue_id() {
  return one_of(valid_queue_ids());
}

std::string Generator::queue_id() {
  return dice_.chance(0.9) ? valid_queue_id() : one_of(invalid_queue_ids());
}

std::string Generator::queue() {
  return dice_.chance(0.8) ? "deferred" : "incoming";
}

std::time_t Generator::age_s() {
  static const std::vector<std::time_t> ages = {minute_s,  11 * hour_s, 13 * hour_s, 6 * day_s,
                                                8 * day_s, -hour_s,     -30 * day_s};
  return one_of(ages);
}

std::vector<SpoolEvent> Generator::some_events() {
  std::vector<SpoolEvent> events;
  while (dice_.chance(0.6)) {
    if (dice_.chance(0.6)) {
      add_message_events(events);
    } else {
      add_log_events(events);
    }
  }
  if (dice_.chance(0.1)) events.push_back(rare_event());
  return events;
}

void Generator::add_with_parents(std::vector<SpoolEvent>& events, SpoolEvent event) {
  if (dice_.chance(0.95)) {
    for (std::size_t slash = event.path.find('/'); slash != std::string::npos;
         slash = event.path.find('/', slash + 1))
      events.push_back({.kind = Kind::make_directory, .path = event.path.substr(0, slash), .mode = 0700});
  }
  events.push_back(std::move(event));
}

void Generator::add_message_events(std::vector<SpoolEvent>& events) {
  const std::string path = layout_.path(queue(), valid_queue_id());
  add_with_parents(events, message_event(path));
}

SpoolEvent Generator::message_event(const std::string& path) {
  static const std::vector<mode_t> modes = {0700, 0700, 0700, 0700, 0400, 0600,
                                            0740, 0710, 0000, 0777, 02700};
  SpoolEvent event{.path = path, .content = "message", .mode = one_of(modes)};
  event.atime_age_s = age_s();
  event.mtime_age_s = age_s();
  event.owned_by_root = dice_.chance(0.05);
  const std::size_t choice = dice_.below(100);
  if (choice < 8) event.kind = Kind::remove;
  if (choice >= 8 && choice < 14) event.kind = Kind::change_mode;
  if (choice >= 14 && choice < 18) event.kind = Kind::set_times;
  if (choice >= 18 && choice < 22) event.kind = Kind::make_directory;
  if (choice >= 22 && choice < 27) {
    event.kind = Kind::link_hard;
    event.content = layout_.path(queue(), valid_queue_id());
  }
  if (choice >= 27 && choice < 31) {
    event.kind = Kind::link_symbolic;
    event.content = dice_.chance(0.5) ? "nowhere" : valid_queue_id();  // most often beside it
  }
  return event;
}

std::string Generator::log_content() {
  std::string content;
  const std::size_t lines = dice_.chance(0.02) ? dice_.between(100, 400) : dice_.below(8);
  for (std::size_t i = 0; i < lines; ++i) {
    if (dice_.chance(0.85)) {
      content += queue_id();
    } else {
      static const std::vector<std::string> junk = {"",
                                                    " ",
                                                    "no good",
                                                    "x\xff",
                                                    std::string("A\0B", 3),
                                                    std::string("\0", 1),
                                                    std::string(5000, 'j'),
                                                    std::string(5000, '\xc3'),
                                                    "\xc3\xa4\xc3\xb6",
                                                    "\t"};
      content += one_of(junk);
    }
    content += '\n';
  }
  if (!content.empty() && dice_.chance(0.15)) content.pop_back();
  return content;
}

void Generator::add_log_events(std::vector<SpoolEvent>& events) {
  SpoolEvent event{.path = layout_.path("flush", log_name())};
  event.atime_age_s = age_s();
  event.mtime_age_s = age_s();
  const std::size_t choice = dice_.below(100);
  if (choice < 70) event.content = log_content();
  if (choice >= 80 && choice < 86) event.kind = Kind::set_times;
  if (choice >= 86 && choice < 94) event.kind = Kind::remove;
  if (choice >= 94) {
    event.kind = Kind::rename;
    event.content = dice_.chance(0.5) ? layout_.path("flush", log_name()) : moved_away_path;
  }
  add_with_parents(events, std::move(event));
}

SpoolEvent Generator::rare_event() {
  static const std::vector<mode_t> directory_modes = {0700, 0700, 0500, 0300, 0100, 0600};
  const std::string log_path = layout_.path("flush", log_name());
  const std::string hash = layout_.hash_directory(queue(), valid_queue_id());
  if (dice_.chance(fatal_probability * 10)) {
    switch (dice_.below(7)) {
      case 0:
        return {.kind = Kind::make_directory, .path = log_path, .mode = 0700};
      case 1:
        return {.kind = Kind::put_file, .path = log_path, .content = log_content(), .mode = 0000};
      case 2:
        return {.kind = Kind::link_symbolic, .path = log_path, .content = log_name()};
      case 3:
        return {.kind = Kind::put_file, .path = "flush/x", .content = "ABD\n", .atime_age_s = 13 * hour_s};
      case 4:
        return {.kind = Kind::remove, .path = "flush"};
      case 5:
        return {.kind = Kind::change_mode, .path = log_path, .mode = dice_.chance(0.5) ? 0000U : 0400U};
      default:
        return {.kind = Kind::change_mode, .path = "flush", .mode = 0500};
    }
  }
  switch (dice_.below(8)) {
    case 0:
      return {.kind = Kind::remove, .path = queue() + "/" + hash};
    case 1:
      return {.kind = Kind::change_mode, .path = queue(), .mode = one_of(directory_modes)};
    case 2:
      return {.kind = Kind::change_mode, .path = queue() + "/" + hash, .mode = one_of(directory_modes)};
    case 3:
      return {.kind = Kind::make_directory, .path = "flush/q"};
    case 4:
      return {.path = "flush/not a log", .content = "ABD\n", .atime_age_s = 13 * hour_s};
    case 5:
      return {.path = "flush/q/" + log_name(), .content = "ABD\n", .atime_age_s = 13 * hour_s};
    case 6:
      return {.path = "hold/" + valid_queue_id(), .content = "held", .mode = 0700};
    default:
      return {.kind = Kind::link_symbolic,
              .path = layout_.path(queue(), valid_queue_id()),
              .content = "nowhere",
              .owned_by_root = true};
  }
}

std::string Generator::valid_request() {
  const std::size_t choice = dice_.below(100);
  if (choice < 45) return support::add_request(site(), queue_id());
  if (choice < 70) return support::send_site_request(site());
  if (choice < 85) return support::send_file_request(queue_id());
  if (choice < 93) return support::refresh_request();
  return support::purge_request();
}

Conversation Generator::trigger() {
  static const std::vector<std::vector<std::string>> with_nul = {
      {std::string("W\0", 2)},  {"W", std::string("\0", 1)}, {std::string("W\0", 2)},
      {std::string("w\0", 2)},  {std::string("X\0", 2)},     {std::string("\0", 1)},
      {std::string("\0\0", 2)}, {std::string("W\0\0", 3)},   {std::string("\0\0\0", 3)}};
  static const std::vector<std::vector<std::string>> without = {{"W"}, {"WX"}, {"w"},       {},
                                                                {""},  {"re"}, {"\xc3\xa4"}};
  if (dice_.chance(0.7)) return {.pieces = one_of(with_nul), .half_closes = dice_.chance(0.5)};
  return {.pieces = one_of(without)};
}

std::vector<std::string> Generator::in_pieces(const std::string& bytes) {
  constexpr std::size_t first_bytes_min = 3;  // less than that is a trigger (BEHAVIOUR.md 2.3)
  std::vector<std::string> pieces;
  std::size_t done = 0;
  while (dice_.chance(0.3) && done + first_bytes_min < bytes.size()) {
    const std::size_t low = done == 0 ? first_bytes_min : 1;
    const std::size_t count = dice_.between(low, bytes.size() - done - 1);
    pieces.push_back(bytes.substr(done, count));
    done += count;
    if (done + 1 >= bytes.size()) break;
  }
  pieces.push_back(bytes.substr(done));
  return pieces;
}

/// As a client of the trigger protocol does that turns out to be one of the attribute protocol.
Conversation Generator::with_short_first_piece(const std::string& bytes) {
  const std::size_t count = dice_.between(1, 2);
  return {.pieces = {bytes.substr(0, count), bytes.substr(count)}, .half_closes = dice_.chance(0.3)};
}

Conversation Generator::some_conversation() {
  const std::size_t choice = dice_.below(100);
  if (choice < 6) return trigger();
  if (choice < 9) {
    Conversation conversation{.pipelining = Pipelining::one_client};
    for (std::size_t count = dice_.between(2, 4); count > 0; --count)
      conversation.pieces.push_back(support::add_request(site(), queue_id()));
    return conversation;
  }
  if (choice < 11) return with_short_first_piece(valid_request());
  if (choice < 30) {
    Conversation conversation{.pieces = in_pieces(mutated_request(valid_request(), dice_))};
    if (configuration_.clients_fall_silent) conversation.half_closes = dice_.chance(0.8);
    return conversation;
  }
  Conversation conversation{.pieces = in_pieces(valid_request())};
  conversation.half_closes = dice_.chance(0.3);
  conversation.speaks_first = dice_.chance(0.1) && conversation.pieces.size() == 1;
  if (dice_.chance(0.06))
    conversation.leaving = dice_.chance(0.5) ? Leaving::after_the_request : Leaving::before_the_announcement;
  return conversation;
}

}  // namespace uflush::differential
