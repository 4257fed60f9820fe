// Everybody at once: many clients with random requests, a queue manager that takes and defers mail again,
// another flush process that may be killed while it writes, vanishing messages, messages that cannot be
// moved, full disks, breaking connections, crashes. What must always hold:
//
//   a message whose add was answered OK is on its way (incoming, active), or it is deferred and its ID stands
//   as a whole line in the log of its site;
//   each client gets its replies in the order of its requests;
//   in the end nothing is left behind: no operation, no job, no lock, no open file but the cached logs.
#include <array>
#include <cstdlib>
#include <deque>

#include <gtest/gtest.h>

#include "tests/core/daemon_in_sim.hpp"
#include "tests/sim/other_flush.hpp"

namespace uflush {
namespace {

struct Site {
  const char* name;
  const char* log;
};
constexpr std::array<Site, 3> sites = {{{"example.com", "flush/example_com"},
                                        {"Example.ORG", "flush/example_org"},
                                        {"b\xc3\xbc"
                                         "cher.example",
                                         "flush/xn__bcher_kva_example"}}};

/// What a run is about; drawn from its seed.
struct Weather {
  bool sockets_break = false;
  bool other_process = false;
  bool other_is_killed = false;  ///< while it writes: half lines
  bool moves_fail = false;
  bool mail_is_deferred_again = false;
  bool disk_fills = false;
  bool messages_vanish = false;
  Durability durability = Durability::none;
};

struct Message {
  std::string id;
  std::size_t site = 0;
  int generation = 0;   ///< how often it was deferred
  bool listed = false;  ///< its add was answered OK
  bool gone = false;    ///< somebody has deleted it
};

std::string in(std::string_view queue, const std::string& id) {
  if (queue == "deferred") return std::string("deferred/").append(id, 0, 1).append("/").append(id);
  return std::string(queue).append("/").append(id);
}

/// The rule about messages, on any disk.
std::string lost_message(const SimFiles& files, const std::vector<Message>& messages) {
  for (const Message& message : messages) {
    if (!message.listed || message.gone) continue;
    if (files.exists(in("incoming", message.id)) || files.exists(in("active", message.id))) continue;
    const bool listed = log_has(files, sites[message.site].log, message.id);
    if (listed && files.exists(in("deferred", message.id))) continue;
    return message.id + (listed ? " is nowhere" : " is in no log");
  }
  return {};
}

class World {
 public:
  World(std::uint64_t seed, Weather weather)
      : seed_(seed), weather_(weather), sim_(Seed{seed}), other_(sim_), daemon_(sim_, config(weather)) {
    if (weather.sockets_break) {
      sim_.shake_hard();
    } else {
      sim_.shake();
    }
    if (weather.disk_fills) {
      sim_.files.faults.no_space = 0.05;
      sim_.files.faults.short_write = 0.2;
    }
    sim_.files.faults.not_cached = sim_.dice.draw_probability(0.3);
    daemon_.name_watch.loss = sim_.dice.draw_probability(0.2);
    sim_.qmgr.on_trigger = [this](char wish) {
      if (wish == 'I') scan_incoming();
    };
    other_.handle = [](FileSystem& files, const std::string& id) {
      (void)files.rename(current_directory, in("deferred", id).c_str(), current_directory,
                         in("incoming", id).c_str());
    };
    sim_.files.before_call = [this](FileCall, const std::string&) { look(); };
    sim_.checkers.emplace_back([this] { look(); });
  }

  void run() {
    defer_new_message();  // one that nobody adds
    for (std::size_t i = sim_.dice.between(3, 10); i > 0; --i) add_client();
    for (std::size_t i = sim_.dice.below(4); i > 0 && weather_.other_process; --i) let_other_act();
    ASSERT_TRUE(sim_.run_until([this] { return is_quiet(); }));
    sim_.run_for(std::chrono::seconds(1));  // locks are kept for a moment
    look();
    EXPECT_EQ(daemon_.server.clients(), 0U);
    EXPECT_EQ(sim_.pool.under_way(), 0U);
    EXPECT_LE(sim_.files.open_files(), sites.size());
    for (const Site& site : sites)
      EXPECT_FALSE(sim_.files.exists(site.log) && sim_.files.is_locked(site.log));
    for (Message& message : messages_of_other_) message.listed = true;
    EXPECT_EQ(lost_message(sim_.files, messages_of_other_), "");
    sim_.files.before_call = {};
    sim_.checkers.clear();
    if (crash_) expect_recovery();
  }

 private:
  struct Expected {
    Status status = Status::ok;
    std::optional<std::size_t> message{};
    int generation = 0;
  };
  struct Client {
    explicit Client(Sim& sim) : connection(sim) {}
    SimClient connection;
    std::vector<Expected> expected;
    std::size_t replies = 0;
    std::size_t bytes_read = announcement.size();
  };

  static Config config(const Weather& weather) {
    Config config = DaemonInSim::everybody_is_welcome();
    config.uflush_durability = weather.durability;
    return config;
  }

  bool is_quiet() const {
    if (other_.is_busy()) return false;
    return std::all_of(clients_.begin(), clients_.end(),
                       [](const Client& client) { return client.connection.is_over(); });
  }

  // ---- What happens.

  std::size_t defer_new_message() {
    const std::size_t number = messages_.size();
    messages_.push_back(
        {numbered(std::string(1, "ABCDEF"[number % 6]), number), sim_.dice.below(sites.size())});
    const std::string path = in("deferred", messages_.back().id);
    sim_.files.write(path, "message");
    sim_.files.chmod(path, 0700);
    if (weather_.moves_fail && sim_.dice.chance(0.3)) let_move_fail(path);
    return number;
  }

  void let_move_fail(const std::string& path) {
    constexpr std::array<int, 5> errors{EXDEV, EACCES, EIO, ENOSPC, EPERM};
    const FileCall call = sim_.dice.chance(0.7) ? FileCall::rename : FileCall::set_times;
    // A rename is tried again at once.
    sim_.files.fail(call, path, errors[sim_.dice.below(errors.size())],
                    static_cast<int>(sim_.dice.between(2, 5)));
  }

  void append_add(std::string& bytes, Client& client, std::size_t number) {
    const Message& message = messages_[number];
    append_request(bytes, AddRequest{sites[message.site].name, message.id});
    client.expected.push_back({Status::ok, number, message.generation});
  }

  void append_random_request(std::string& bytes, Client& client) {
    const Site& site = sites[sim_.dice.below(sites.size())];
    switch (sim_.dice.below(12)) {
      case 0:
        append_request(bytes, AddRequest{site.name, "no/id"});
        client.expected.push_back({Status::bad});
        break;
      case 1:
        append_request(bytes, AddRequest{"", "A1"});
        client.expected.push_back({Status::deny});
        break;
      case 2:
      case 3:
        append_request(bytes, SendSiteRequest{site.name});
        client.expected.emplace_back();
        break;
      case 4:
        append_request(bytes, SendFileRequest{messages_[sim_.dice.below(messages_.size())].id});
        client.expected.emplace_back();
        break;
      case 5:
        append_request(bytes, PurgeRequest{});
        client.expected.emplace_back();
        break;
      default:
        append_add(bytes, client, defer_new_message());
        break;
    }
  }

  void add_client() {
    Client& client = clients_.emplace_back(sim_);
    std::string bytes;
    for (std::size_t i = sim_.dice.between(1, 5); i > 0; --i) append_random_request(bytes, client);
    if (sim_.dice.chance(0.3)) {
      client.connection.send_in_pieces(bytes);
    } else {
      client.connection.send(bytes);
    }
    client.connection.half_close();
    if (sim_.dice.chance(0.1)) client.connection.close();
  }

  void let_other_act() {
    const std::size_t site = sim_.dice.below(sites.size());
    if (sim_.dice.chance(0.5)) {
      other_.send(sites[site].log);
      return;
    }
    if (weather_.other_is_killed) {  // who does not look at the end of a log would lose a line by that
      other_.add_half(sites[site].log, numbered("HALF", sim_.dice.below(1000)));
      return;
    }
    messages_of_other_.push_back({numbered("X", messages_of_other_.size()), site});
    const std::string& id = messages_of_other_.back().id;
    sim_.files.write(in("deferred", id), "message");
    other_.add(sites[site].log, id);
  }

  void scan_incoming() {
    for (const std::string& id : sim_.files.names("incoming"))
      sim_.files.move(in("incoming", id), in("active", id));
    if (!weather_.mail_is_deferred_again) return;
    for (std::size_t number = 0; number < messages_.size(); ++number) {
      Message& message = messages_[number];
      if (message.generation > 2 || !sim_.files.exists(in("active", message.id)) || sim_.dice.chance(0.7))
        continue;
      message.listed = false;
      ++message.generation;
      sim_.files.move(in("active", message.id), in("deferred", message.id));
      Client& client = clients_.emplace_back(sim_);
      std::string bytes;
      append_add(bytes, client, number);
      client.connection.send(bytes);
    }
  }

  void let_message_vanish() {
    if (messages_.empty()) return;
    Message& message = messages_[sim_.dice.below(messages_.size())];
    if (!sim_.files.exists(in("deferred", message.id))) return;
    sim_.files.remove(in("deferred", message.id));
    message.gone = true;
  }

  // ---- What must hold.

  void look() {
    if (weather_.messages_vanish && sim_.dice.chance(0.01)) let_message_vanish();
    for (Client& client : clients_) read_replies(client);
    ASSERT_EQ(lost_message(sim_.files, messages_), "") << "replay with seed " << seed_;
    // One crash per run, at any moment: of the machine, where answers wait for the disk.
    if (++looks_ == crash_at_) {
      const bool power_fails = weather_.durability == Durability::sync;
      crash_ = power_fails ? sim_.disk.after_power_loss(sim_.dice) : sim_.disk.after_process_death();
      messages_at_crash_ = messages_;
    }
  }

  void read_replies(Client& client) {
    const std::string& received = client.connection.received();
    while (client.bytes_read < received.size()) {
      const ReplyStep step = decode_reply(std::string_view(received).substr(client.bytes_read));
      if (step.kind != ReplyStep::Kind::complete) return;
      client.bytes_read += step.consumed_bytes;
      ASSERT_LT(client.replies, client.expected.size()) << "replay with seed " << seed_;
      const Expected& expected = client.expected[client.replies++];
      const bool is_trouble = weather_.disk_fills || (weather_.moves_fail && !expected.message);
      const bool may_fail = is_trouble && expected.status == Status::ok && step.status == Status::fail;
      EXPECT_TRUE(may_fail || step.status == expected.status) << "replay with seed " << seed_;
      if (!expected.message || step.status != Status::ok) continue;
      Message& message = messages_[*expected.message];
      if (message.generation == expected.generation) message.listed = true;
    }
  }

  /// The next process finds everything, and sends it.
  void expect_recovery() {
    Sim sim{Seed{seed_}, std::move(*crash_)};
    EXPECT_EQ(lost_message(sim.files, messages_at_crash_), "");
    DaemonInSim daemon{sim};
    for (const Site& site : sites) EXPECT_EQ(daemon.ask(SendSiteRequest{site.name}), Status::ok);
    for (const Message& message : messages_at_crash_) {
      if (!message.listed || message.gone) continue;
      EXPECT_TRUE(sim.files.exists(in("incoming", message.id)) || sim.files.exists(in("active", message.id)))
          << message.id;
    }
    for (const std::string& record : daemon.sink.records) ADD_FAILURE() << record;  // no cut lines
  }

  std::uint64_t seed_;
  Weather weather_;
  Sim sim_;
  OtherFlush other_;
  std::deque<Client> clients_;
  DaemonInSim daemon_;
  std::vector<Message> messages_;
  std::vector<Message> messages_of_other_;
  std::size_t looks_ = 0;
  std::size_t crash_at_ = sim_.dice.between(1, 400);
  std::optional<SimDisk::Image> crash_;
  std::vector<Message> messages_at_crash_;
};

Weather draw_weather(std::uint64_t seed) {
  Dice dice{Seed{seed + 100'000}};
  Weather weather;
  weather.sockets_break = dice.chance(0.3);
  weather.other_process = dice.chance(0.4);
  weather.mail_is_deferred_again = dice.chance(0.6);
  weather.disk_fills = dice.chance(0.3);
  weather.messages_vanish = dice.chance(0.3);
  if (dice.chance(0.3)) weather.durability = Durability::sync;
  weather.other_is_killed = dice.chance(0.3);
  weather.moves_fail = dice.chance(0.3);
  return weather;
}

/// A number from the environment (tools/simulate.sh sets them).
std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(World, LosesNoMessageAndLeavesNothingBehindWhateverHappens) {
  const std::uint64_t first = number_from_environment("UFLUSH_WORLD_FIRST_SEED", 0);
  const std::uint64_t seeds = number_from_environment("UFLUSH_WORLD_SEEDS", 600);
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    World(seed, draw_weather(seed)).run();
    if (testing::Test::HasFailure())
      FAIL() << "repeat with: UFLUSH_WORLD_FIRST_SEED=" << seed
             << " UFLUSH_WORLD_SEEDS=1 service_test --gtest_filter='World.*'";
  }
}

}  // namespace
}  // namespace uflush
