/// A client of the simulated daemon: does its steps one after the other, each when it can and when the seed
/// says so, and reads all the while.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "io/fd.hpp"
#include "tests/sim/sim_actor.hpp"

namespace uflush {

class Sim;

class SimClient final : public SimActor {
 public:
  enum class Ending : std::uint8_t {
    none,           ///< the connection is open, or not made yet
    end_of_stream,  ///< the daemon closed in good order
    reset,          ///< the daemon closed with bytes of ours unread, or the connection broke
    refused,        ///< nobody listens, or the backlog is full
    closed_by_us
  };

  /// Enters `sim`, which must outlive it. Connects to `path` as its first step.
  explicit SimClient(Sim& sim, std::string_view path = "public/flush");
  ~SimClient() override;

  SimClient& send(std::string_view bytes);
  /// In pieces whose sizes come from the seed.
  SimClient& send_in_pieces(std::string_view bytes);
  /// Goes on when so many bytes in all have been received.
  SimClient& wait_for(std::size_t bytes_received);
  SimClient& half_close();
  SimClient& close();
  /// Takes nothing more off the connection.
  SimClient& stop_reading();

  [[nodiscard]] const std::string& received() const noexcept { return received_; }
  [[nodiscard]] Ending ending() const noexcept { return ending_; }
  [[nodiscard]] bool is_over() const noexcept { return ending_ != Ending::none; }
  /// Every step is done, though the connection may be open.
  [[nodiscard]] bool has_done_all() const noexcept { return steps_.empty(); }

  [[nodiscard]] bool can_act() const override;
  void act() override;

 private:
  struct Step {
    enum class Kind : std::uint8_t {
      connect,
      send,
      send_in_pieces,
      wait_for,
      half_close,
      close,
      stop_reading
    };
    Kind kind;
    std::string bytes{};
    std::size_t count = 0;
  };

  SimClient& add(Step step);
  [[nodiscard]] bool can_read() const;
  [[nodiscard]] bool can_do_step() const;
  void read();
  void do_step();
  void connect();
  void send_some(Step& step);
  void end(Ending ending);

  Sim& sim_;
  std::string path_;
  std::deque<Step> steps_;
  Fd fd_;
  std::string received_;
  Ending ending_ = Ending::none;
  bool reading_ = true;
};

}  // namespace uflush
