#include "tools/flushbench/report_html.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "tools/flushbench/report_plots.hpp"
#include "tools/flushbench/report_style.hpp"
#include "tools/flushbench/xml_text.hpp"

namespace uflush::bench {
namespace {

/// `<h2 id="x">text</h2>`
std::string heading(int level, std::string_view id, std::string_view text) {
  return fmt::format("<h{0} id=\"{1}\">{2}</h{0}>\n", level, id, escape_xml(text));
}

std::string cell(std::string_view text, std::string_view css_class = {}) {
  if (css_class.empty()) return fmt::format("<td>{}</td>", escape_xml(text));
  return fmt::format("<td class=\"{}\">{}</td>", css_class, escape_xml(text));
}

std::string head_row(const std::vector<std::string>& names) {
  std::string row = "<thead><tr>";
  for (const std::string& name : names) row += fmt::format("<th scope=\"col\">{}</th>", escape_xml(name));
  return row + "</tr></thead>\n";
}

std::string table(const NumberTable& numbers) {
  std::string html = fmt::format("<div class=\"scroll\"><table><caption>{}</caption>\n{}<tbody>\n",
                                 escape_xml(numbers.caption), head_row(numbers.header));
  for (const auto& row : numbers.rows) {
    html += fmt::format("<tr><th scope=\"row\">{}</th>", escape_xml(row.front()));
    for (auto text = row.begin() + 1; text != row.end(); ++text) html += cell(*text);
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string figure(const Plot& plot) {
  return fmt::format(
      "<figure{}>\n<figcaption>{} <small>{}</small></figcaption>\n{}"
      "<details><summary>Numbers</summary>\n{}</details>\n</figure>\n",
      plot.wide ? " class=\"wide\"" : "", escape_xml(plot.title), escape_xml(plot.note), plot.svg,
      table(plot.numbers));
}

std::string figures(const std::vector<Plot>& plots) {
  std::string html = "<div class=\"plots\">\n";
  for (const Plot& plot : plots) html += figure(plot);
  return html + "</div>\n";
}

std::string section_id(std::size_t workload) {
  return fmt::format("workload{}", workload + 1);
}

/// `5` or `5 to 12`.
std::string rounds_of(const RecordedRun& run) {
  const auto fewer = [](const RecordedRow& a, const RecordedRow& b) { return a.rounds < b.rounds; };
  const auto [least, most] = std::minmax_element(run.rows.begin(), run.rows.end(), fewer);
  if (least == run.rows.end()) return "none";
  if (least->rounds == most->rounds) return std::to_string(least->rounds);
  return fmt::format("{} to {}", least->rounds, most->rounds);
}

std::string fact(std::string_view name, std::string_view html) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_xml(name), html);
}

std::string head(const RecordedRun& run) {
  std::string html = fmt::format(
      "<header>\n<h1>Flush daemons side by side</h1>\n<p class=\"soft\">measured by flushbench, {}</p>\n"
      "<dl class=\"facts\">\n",
      escape_xml(run.date.empty() ? "on an unknown day" : run.date));
  for (const auto& [name, value] : run.facts) html += fact(name, escape_xml(value));
  html += fact("Rounds", escape_xml(rounds_of(run)));
  html += fmt::format("<div class=\"wide\"><dt>Command</dt><dd><code>{}</code></dd></div>\n</dl>\n",
                      escape_xml(run.command));
  return html;
}

constexpr std::string_view guide = R"html(<details class="guide">
<summary>How to read this</summary>
<ul>
<li>All servers did the same work on the same spool and took turns in every round. Each number is the median
of the rounds. Whiskers reach from the first to the third quartile: where those of two servers overlap, the
difference may be chance.</li>
<li><b>Server CPU</b> is user and system time of all server processes, from the kernel's accounting. It is the
fairest measure: rates also depend on the load generator, which needs processor time of its own. Where it was
the limit, a rate bears ≥: the server could do more.</li>
<li>The <b>floor</b> is a bare loop that makes the same system calls and nothing else: what the kernel charges
for this work. It is drawn as a dashed line.</li>
<li><b>Latency</b> plots say which share of the requests was answered within a time. The time axis is
logarithmic. The plot of the slowest gives every nine of 99.9% the same room.</li>
<li><b>Curves</b> show what one operation costs as the work grows. Flat is good.</li>
<li><b>flush xN</b> is Postfix's daemon with a process limit of N. Ratios are to the one with the highest rate.
System calls are counted in a run apart, as counting disturbs.</li>
<li>Under the pointer, bars and points tell their numbers; a table is under each plot.</li>
</ul>
</details>
</header>
)html";

/// Where a reader can go from the top.
std::string contents(const std::vector<RecordedWorkload>& workloads, bool has_curves) {
  std::string html = "<nav aria-label=\"Contents\">\n<a href=\"#glance\">At a glance</a>\n";
  if (has_curves) html += "<a href=\"#curves\">How costs grow</a>\n";
  std::vector<std::string> kinds;
  for (std::size_t i = 0; i < workloads.size(); ++i) {
    const std::string& kind = workloads[i].rows.front()->kind;
    if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) continue;
    kinds.push_back(kind);
    html += fmt::format("<a href=\"#{}\">{}</a>\n", section_id(i), escape_xml(kind));
  }
  return html + "</nav>\n";
}

/// More than `even` is good, less is bad, a few percent are neither.
std::string ratio_cell(const std::optional<double>& ratio, double even = 1) {
  constexpr double chance = 0.03;
  if (!ratio) return cell("");
  const std::string text = times(*ratio);
  if (*ratio > even + chance) return cell(text, "good");
  return *ratio < even - chance ? cell(text, "bad") : cell(text);
}

std::string glance_row(const Standing& standing, std::string_view section) {
  const RecordedRow& row = *standing.ours;
  return fmt::format("<tr><th scope=\"row\"><a href=\"#{}\">{}</a></th>", section, escape_xml(row.workload)) +
         cell(row.server) + cell((row.client_is_the_limit ? "\u2265 " : "") + number(row.per_second.median)) +
         ratio_cell(standing.rate_to_stock) + cell(number(row.server_cpu_us.median)) +
         ratio_cell(standing.stock_cpu) + cell(standing.floor_cpu ? times(*standing.floor_cpu) : "") +
         cell(duration(row.p50_us.median)) + cell(duration(row.p99_us.median)) + "</tr>\n";
}

std::string at_a_glance(const std::vector<RecordedWorkload>& workloads, Palette& palette) {
  const std::vector<Standing> standings = standings_of(workloads);
  std::string html = heading(2, "glance", "At a glance");
  if (const auto plot = ratio_plot(standings, palette)) html += figures({*plot});
  html +=
      "<div class=\"scroll\"><table><caption>Medians; ratios to the stock daemon say how many times better"
      "</caption>\n";
  html += head_row({"workload", "server", "per second", "rate to stock", "CPU \u00b5s", "stock CPU to ours",
                    "CPU to floor", "p50", "p99"});
  html += "<tbody>\n";
  for (const Standing& standing : standings) {
    const auto workload = std::find_if(workloads.begin(), workloads.end(), [&](const RecordedWorkload& each) {
      return each.name == standing.ours->workload;
    });
    html += glance_row(standing, section_id(static_cast<std::size_t>(workload - workloads.begin())));
  }
  return html + "</tbody></table></div>\n";
}

std::string curves(const std::vector<Curve>& all, Palette& palette) {
  if (all.empty()) return "";
  std::string html = heading(2, "curves", "How costs grow");
  for (const Curve& curve : all) {
    const std::string& operation = curve.points.front().second->operation;
    html += fmt::format("<h3>{}: more {}{}</h3>\n", escape_xml(curve.kind), escape_xml(curve.quantity),
                        curve.fixed.empty() ? "" : ", " + escape_xml(curve.fixed));
    html += figures(
        {curve_plot(curve, server_cpu(operation), palette), curve_plot(curve, rate(operation), palette)});
  }
  return html;
}

std::string workload_section(const RecordedWorkload& workload, std::string_view id, Palette& palette) {
  const std::string& operation = workload.rows.front()->operation;
  std::vector<Plot> plots;
  const auto add = [&plots](std::optional<Plot> plot) {
    if (plot) plots.push_back(std::move(*plot));
  };
  add(bar_plot(workload, rate(operation), palette));
  add(bar_plot(workload, server_cpu(operation), palette));
  std::vector<Plot> latencies = latency_plots(workload, palette);
  if (latencies.empty()) add(bar_plot(workload, median_latency(), palette));
  std::move(latencies.begin(), latencies.end(), std::back_inserter(plots));
  for (Plot& plot : figure_plots(workload, palette)) plots.push_back(std::move(plot));
  add(bar_plot(workload, peak_memory(), palette));
  add(bar_plot(workload, system_calls(operation), palette));
  return fmt::format("<section aria-labelledby=\"{}\">\n{}{}</section>\n", id, heading(3, id, workload.name),
                     figures(plots));
}

}  // namespace

std::string as_html(const RecordedRun& run) {
  const std::vector<RecordedWorkload> workloads = workloads_of(run);
  const std::vector<Curve> all_curves = curves_of(run);
  Palette palette(run);
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n"
      "<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\"/>\n"
      "<title>flushbench {}</title>\n<style>{}</style>\n</head>\n<body>\n",
      escape_xml(run.date), report_style);
  html += head(run) + contents(workloads, !all_curves.empty());
  html.append(guide).append("<main>\n");
  html += at_a_glance(workloads, palette) + curves(all_curves, palette);
  html += heading(2, "workloads", "Each workload");
  for (std::size_t i = 0; i < workloads.size(); ++i)
    html += workload_section(workloads[i], section_id(i), palette);
  return html + "</main>\n</body>\n</html>\n";
}

}  // namespace uflush::bench
