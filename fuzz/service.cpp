/// The whole service in the simulated world, with clients, other flush processes and faults from a script
/// (fuzz/service_script.hpp). At every file call of the daemon, after a power loss, and at the end: an add
/// that was answered OK is in its log, or somebody has looked at its message since. Replies are the expected
/// ones in order. The world comes to rest.
#include <algorithm>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "fuzz/input.hpp"
#include "fuzz/service_script.hpp"
#include "io/check.hpp"
#include "tests/core/daemon_in_sim.hpp"
#include "tests/sim/other_flush.hpp"
#include "tests/sim/sim.hpp"
#include "tests/sim/sim_client.hpp"

namespace uflush {
namespace {

using script::ClientScript;
using script::Expected;
using script::Site;
using script::WorldOptions;

constexpr std::size_t clients_max = 12;
constexpr std::size_t world_acts_max = 24;
constexpr Duration lock_time = std::chrono::minutes(1);
constexpr Duration half_a_day = std::chrono::hours(13);
/// A power loss comes at one of the first so many file calls.
constexpr std::size_t calls_before_power_loss_max = 64;

bool stands_in(std::string_view log, std::string_view queue_id) {
  const std::vector<std::string_view> lines = split(log, '\n');
  return std::find(lines.begin(), lines.end(), queue_id) != lines.end();
}

Config configured(const WorldOptions& options) {
  Config config = DaemonInSim::everybody_is_welcome();
  if (options.sync) config.uflush_durability = Durability::sync;
  if (options.hashed) config.hash_queue_names = "deferred, flush";
  return config;
}

struct Client {
  Client(Sim& sim, ClientScript wanted) : script(std::move(wanted)), peer(sim) {
    if (script.in_pieces) {
      peer.send_in_pieces(script.bytes);
    } else {
      peer.send(script.bytes);
    }
    if (script.half_close) peer.half_close();
    if (script.close) peer.close();
  }

  /// What it was told so far.
  [[nodiscard]] std::vector<Status> replies() const {
    std::vector<Status> statuses;
    std::string_view rest = peer.received();
    FLUSH_ASSERT(rest.starts_with(announcement) || announcement.starts_with(rest));
    rest.remove_prefix(std::min(rest.size(), announcement.size()));
    for (ReplyStep step = decode_reply(rest); step.kind != ReplyStep::Kind::needs_more;
         step = decode_reply(rest)) {
      FLUSH_ASSERT(step.kind == ReplyStep::Kind::complete);
      statuses.push_back(step.status);
      rest.remove_prefix(step.consumed_bytes);
    }
    return statuses;
  }

  ClientScript script;
  SimClient peer;
};

class World {
 public:
  explicit World(const WorldOptions& options)
      : options_(options), sim_(Seed{options.seed}), daemon_(sim_, configured(options)), other_(sim_) {
    for (const Site& site : script::sites) {
      const std::string path = log_path(site);
      sim_.files.make_directories(path.substr(0, path.rfind('/')));
    }
    sim_.files.write(daemon_.layout.path("deferred", "4F1"), "message");
    sim_.files.chmod(daemon_.layout.path("deferred", "4F1"), 0700);
    if (options.shuffled) sim_.shake();
    if (options.sockets_fail) sim_.shake_hard();
    if (options.disk_fails) {
      sim_.shake_disk();
      sim_.files.faults.denied = 0;  // the daemon could not even look at a message
    }
    power_loss_in_ = options.power_loss ? 1 + options.seed % calls_before_power_loss_max : 0;
    sim_.files.before_call = [this](FileCall call, const std::string& path) { before(call, path); };
  }

  void play(const std::vector<std::string_view>& lines) {
    for (const std::string_view line : lines) {
      if (line.empty()) continue;
      if (line.starts_with('.')) {
        act(line.substr(1));
      } else if (clients_.size() < clients_max) {
        clients_.emplace_back(sim_, script::ClientReader(line, ids_).client);
        for (const Expected& reply : clients_.back().script.replies)
          if (!reply.added_id.empty())
            sim_.files.write(daemon_.layout.path("deferred", reply.added_id), "message");
      }
    }
    everybody_finishes();
    for (const Client& client : clients_) check_replies(client);
    daemon_.server.drain("end of the script");
    sim_.finish();
    check_no_add_is_lost();
    if (!options_.disk_fails) check_lines();
    FLUSH_ASSERT(daemon_.exit_status == 0);
  }

 private:
  [[nodiscard]] std::string log_path(const Site& site) const {
    return daemon_.layout.path("flush", site.log);
  }

  [[nodiscard]] std::string log_of(const Site& site) const {
    return sim_.files.exists(log_path(site)) ? sim_.files.read(log_path(site)) : std::string();
  }

  void act(std::string_view acts) {
    for (std::string_view rest = acts; !rest.empty() && acts_ < world_acts_max; ++acts_) {
      const char letter = rest.front();
      rest.remove_prefix(1);
      if (letter == 'l') lock_for_a_while(script::take_site(rest));
      if (letter == 'a') other_.add(log_path(script::take_site(rest)), "4A1");
      if (letter == 's') other_.send(log_path(script::take_site(rest)));
      if (letter == 'w') everybody_finishes();
      if (letter == 't') sim_.run_for(half_a_day);
      if (letter == 'q') sim_.qmgr.is_awake = !sim_.qmgr.is_awake;
    }
  }

  void lock_for_a_while(const Site& site) {
    const std::string path = log_path(site);
    if (!sim_.files.exists(path) || sim_.files.is_locked(path)) return;
    sim_.files.lock_from_outside(path);
    sim_.after(lock_time, [this, path] { sim_.files.unlock_from_outside(path); });
  }

  void everybody_finishes() {
    FLUSH_ASSERT(sim_.run_until([this] {
      return !other_.is_busy() && std::all_of(clients_.begin(), clients_.end(),
                                              [](const Client& client) { return client.peer.is_over(); });
    }));
  }

  // ---- What must hold.

  void before(FileCall call, const std::string& path) {
    check_no_add_is_lost();
    if (power_loss_in_ > 0 && --power_loss_in_ == 0) check_power_loss();
    if (call == FileCall::set_times) looked_at_.insert(path.substr(path.rfind('/') + 1));
  }

  /// Calls `check` with each add that was answered OK and whose message nobody has looked at.
  template <typename Check>
  void for_each_waiting_add(const Check& check) const {
    const auto& by_others = other_.handled();
    for (const Client& client : clients_) {
      const std::vector<Status> replies = client.replies();
      FLUSH_ASSERT(replies.size() <= client.script.replies.size());
      for (std::size_t i = 0; i < replies.size(); ++i) {
        const Expected& add = client.script.replies[i];
        if (replies[i] != Status::ok || add.added_id.empty() || looked_at_.contains(add.added_id)) continue;
        if (std::find(by_others.begin(), by_others.end(), add.added_id) == by_others.end()) check(add);
      }
    }
  }

  void check_no_add_is_lost() const {
    for_each_waiting_add(
        [this](const Expected& add) { FLUSH_ASSERT(stands_in(log_of(*add.site), add.added_id)); });
  }

  /// Only what was synced is promised to be there.
  void check_power_loss() const {
    if (!options_.sync) return;
    Dice dice(Seed{options_.seed});
    const SimDisk disk(sim_.clock, sim_.disk.after_power_loss(dice));
    for_each_waiting_add([&](const Expected& add) {
      const SimInodePtr log = disk.at(log_path(*add.site));
      FLUSH_ASSERT(log != nullptr && stands_in(log->data, add.added_id));
    });
  }

  void check_replies(const Client& client) const {
    const std::vector<Status> replies = client.replies();
    const std::vector<Expected>& expected = client.script.replies;
    FLUSH_ASSERT(replies.size() <= expected.size());
    for (std::size_t i = 0; i < replies.size(); ++i)
      FLUSH_ASSERT(replies[i] == expected[i].status || (options_.disk_fails && replies[i] == Status::fail));
    if (options_.sockets_fail || client.script.close) return;
    if (client.script.always_answered) FLUSH_ASSERT(!replies.empty());
    // Requests that arrive in pieces are a stock client's: the connection ends after the first.
    if (!options_.shuffled && !client.script.in_pieces) FLUSH_ASSERT(replies.size() == expected.size());
  }

  /// Nothing but whole lines: what was added, and filler.
  void check_lines() const {
    std::set<std::string, std::less<>> known{"4A1", ""};
    for (const Client& client : clients_)
      for (const Expected& reply : client.script.replies) known.insert(reply.added_id);
    for (const Site& site : script::sites) {
      const std::string log = log_of(site);
      FLUSH_ASSERT(log.empty() || log.back() == '\n');
      for (const std::string_view line : split(log, '\n'))
        FLUSH_ASSERT(known.contains(line) || line.find_first_not_of('0') == std::string_view::npos);
    }
  }

  const WorldOptions options_;
  Sim sim_;
  DaemonInSim daemon_;
  OtherFlush other_;
  script::QueueIds ids_;
  std::deque<Client> clients_;
  std::set<std::string> looked_at_;
  std::size_t acts_ = 0;
  std::size_t power_loss_in_ = 0;
};

}  // namespace
}  // namespace uflush

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uflush;
  std::string_view text = as_text(data, size);
  const auto options = script::read_options(take_until(text, '\n'));
  World(options).play(split(text, '\n'));
  return 0;
}
