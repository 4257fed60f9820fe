// Adds to logfiles on a real file system: one turn of the loop brings some lines for some sites, and becomes
// one write per site.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/eligibility.hpp"
#include "core/site_logs.hpp"
#include "io/kernel_files.hpp"
#include "io/uring_ring.hpp"
#include "tests/support/temp_dir.hpp"

namespace uflush::bench {
namespace {

constexpr std::string_view queue_id = "4SVLCh0000z5";
constexpr std::size_t open_files_max = 256;

/// The daemon's loop and logfiles in a directory of their own.
class Logfiles {
 public:
  Logfiles(Ring& ring, std::int64_t sites) : loop_(ring, clock_) {
    std::filesystem::current_path(directory_.path());
    for (std::int64_t i = 0; i < sites; ++i)
      sites_.push_back(logs_.find("cust" + std::to_string(i) + "_example"));
  }
  ~Logfiles() { std::filesystem::current_path("/"); }

  /// The sites in turn. Adds what landed to `landed`.
  void turn_with(std::int64_t adds) { loop_.run(append(adds)); }

  [[nodiscard]] std::int64_t landed() const noexcept { return landed_; }
  /// In the files, those apart that fill a page.
  [[nodiscard]] std::int64_t lines() const {
    std::int64_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator("flush")) {
      if (!entry.is_regular_file()) continue;
      std::ifstream log(entry.path());
      for (std::string line; std::getline(log, line);) count += line == queue_id ? 1 : 0;
    }
    return count;
  }

 private:
  /// Opens files at once, as if the kernel had them at hand.
  class InlinePool final : public Pool {
   public:
    explicit InlinePool(Loop& loop) : loop_(loop) {}
    void submit(PoolWork& work) override {
      work.run();
      work.come_home(loop_);
    }

   private:
    Loop& loop_;
  };

  Task<void> append(std::int64_t adds) {
    for (std::int64_t i = 0; i < adds; ++i) {
      appends_.push_back(logs_.append(*sites_[next_], queue_id));
      next_ = next_ + 1 == sites_.size() ? 0 : next_ + 1;
    }
    for (Append& line : appends_) landed_ += co_await line ? 1 : 0;
    appends_.clear();
  }

  const support::TempDir directory_;
  SystemClock clock_;
  Loop loop_;
  InlinePool pool_{loop_};
  NoLog log_;
  KernelFiles files_;
  const QueueLayout layout_{"deferred, defer", 1};
  SiteLogs logs_{loop_, pool_, files_, layout_, Durability::none, {.open_max = open_files_max}, log_.log()};
  std::vector<SiteLogPtr> sites_;
  std::size_t next_ = 0;
  std::vector<Append> appends_;
  std::int64_t landed_ = 0;
};

void append_in_one_turn(benchmark::State& state) {
  auto made = UringRing::create();
  auto* ring = std::get_if<std::unique_ptr<UringRing>>(&made);
  if (ring == nullptr) {
    state.SkipWithError("no io_uring here");
    return;
  }
  const std::int64_t adds = state.range(0);
  const std::int64_t sites = state.range(1);
  Logfiles logfiles(**ring, sites);
  for (std::int64_t i = 0; i < sites; i += adds) logfiles.turn_with(adds);  // makes the files
  for ([[maybe_unused]] auto round : state) logfiles.turn_with(adds);
  if (logfiles.lines() != logfiles.landed()) state.SkipWithError("lines were lost");
  state.SetItemsProcessed(state.iterations() * adds);
}
// With more sites than files are kept open, every line opens its file.
BENCHMARK(append_in_one_turn)
    ->ArgNames({"adds", "sites"})
    ->Args({1, 1})
    ->Args({16, 1})
    ->Args({256, 1})
    ->Args({1024, 1})
    ->Args({1024, 16})
    ->Args({1024, 100})
    ->Args({1024, 1024});

}  // namespace
}  // namespace uflush::bench
