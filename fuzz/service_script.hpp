/// The bytes that fuzz/service.cpp is given, read as a script. Every text is a script; what means nothing is
/// skipped.
///
///     world-options LF *( client LF / "." world-acts LF )
///
///     world-options  s sync durability   h hashed logs     o shuffled completions
///                    n failing sockets   d failing disk    p power loss    0-9 the seed
///     client         aN add, N a site    sN send_site      f send_file      r refresh    p purge
///                    b bad queue ID      e refused site    u unknown word   j junk
///                    n half a request    W a wake-up, alone                 in one go, then perhaps
///                    ; not in one go but in pieces     H half-close        C close at once
///     world-acts     lN somebody locks a log for a minute  aN, sN another flush process adds, sends
///                    w everybody finishes                  t half a day goes by
///                    q the queue manager falls asleep, or wakes up
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/input.hpp"
#include "protocol/flush_reply.hpp"
#include "protocol/flush_request.hpp"

namespace uflush::script {

struct WorldOptions {
  bool sync = false;
  bool hashed = false;
  bool shuffled = false;
  bool sockets_fail = false;
  bool disk_fails = false;
  bool power_loss = false;
  std::uint64_t seed = 0;
};

[[nodiscard]] inline WorldOptions read_options(std::string_view line) {
  WorldOptions options;
  for (const char letter : line) {
    options.sync = options.sync || letter == 's';
    options.hashed = options.hashed || letter == 'h';
    options.shuffled = options.shuffled || letter == 'o';
    options.sockets_fail = options.sockets_fail || letter == 'n';
    options.disk_fails = options.disk_fails || letter == 'd';
    options.power_loss = options.power_loss || letter == 'p';
    if (letter >= '0' && letter <= '9') {
      options.seed = options.seed * 10 + static_cast<std::uint64_t>(letter - '0');
    }
  }
  return options;
}

/// Where the adds go.
struct Site {
  std::string_view name;
  std::string_view log;
};
inline constexpr Site sites[] = {
    {"example.com", "example_com"}, {"EXAMPLE.org", "example_org"}, {"x-y.net", "x_y_net"}};
inline constexpr std::string_view refused_site = "1.2.3.4";

/// Takes the digit off the front of `rest`, if there is one.
[[nodiscard]] inline const Site& take_site(std::string_view& rest) {
  const bool given = !rest.empty() && rest.front() >= '0' && rest.front() <= '9';
  const std::size_t number = given ? static_cast<std::size_t>(rest.front() - '0') : 0;
  if (given) rest.remove_prefix(1);
  return sites[number % std::size(sites)];
}

/// What a client is to be told, if all goes well.
struct Expected {
  Status status = Status::ok;
  std::string added_id{};  ///< of an add that is to be OK
  const Site* site = nullptr;
};

struct ClientScript {
  std::string bytes;
  std::vector<Expected> replies;
  bool in_pieces = false;
  bool half_close = false;
  bool close = false;
  bool always_answered = false;  ///< the first request is a whole one
};

/// Numbers the queue IDs, so that no two adds have the same.
struct QueueIds {
  std::size_t count = 0;
  [[nodiscard]] std::string next() { return "4Q" + std::to_string(1000 + count++); }
};

class ClientReader {
 public:
  ClientReader(std::string_view line, QueueIds& ids) : ids_(ids) {
    constexpr std::size_t requests_max = 24;
    std::string_view rest = line;
    for (std::size_t count = 0; !rest.empty() && count < requests_max && !over_; ++count) {
      const char letter = rest.front();
      rest.remove_prefix(1);
      take(letter, rest);
    }
    // Options count wherever they stand.
    client.in_pieces = line.find(';') != std::string_view::npos;
    client.half_close = line.find('H') != std::string_view::npos;
    client.close = line.find('C') != std::string_view::npos;
    const bool silent = client.bytes.empty();
    if (silent || (ends_in_half_ && first_ && client.half_close)) client.replies.push_back({Status::bad});
  }
  ClientScript client;

 private:
  void take(char letter, std::string_view& rest) {
    switch (letter) {
      case 'a': {
        const Site& site = take_site(rest);
        const std::string id = ids_.next();
        return ask(AddRequest{site.name, id}, {Status::ok, id, &site});
      }
      case 's':
        return ask(SendSiteRequest{take_site(rest).name}, {});
      case 'f':
        return ask(SendFileRequest{"4F1"}, {});
      case 'r':
        return ask(RefreshRequest{}, {});
      case 'p':
        return ask(PurgeRequest{}, {});
      case 'b':
        return ask(AddRequest{sites[0].name, "4-"}, {Status::bad});
      case 'e':
        return ask(AddRequest{refused_site, "4E1"}, {Status::deny});
      default:
        return take_oddity(letter);
    }
  }

  void take_oddity(char letter) {
    using namespace std::string_view_literals;
    if (letter == 'u') return end_with("request\0nope\0\0"sv);
    if (letter == 'j') {
      if (first_) client.replies.push_back({Status::bad});
      return end_with("junk\0junk\0\0"sv);
    }
    if (letter == 'n') {
      ends_in_half_ = true;
      return end_with("request\0add\0site\0exa"sv);
    }
    if (letter == 'W' && first_) {
      client.replies.push_back({});
      client.always_answered = true;
      return end_with("W\0"sv);
    }
  }

  void ask(const FlushRequest& request, Expected reply) {
    append_request(client.bytes, request);
    client.replies.push_back(std::move(reply));
    if (first_) client.always_answered = true;
    first_ = false;
  }

  void end_with(std::string_view bytes) {
    client.bytes += bytes;
    over_ = true;
  }

  QueueIds& ids_;
  bool first_ = true;
  bool over_ = false;
  bool ends_in_half_ = false;
};

}  // namespace uflush::script
