"""A sample: what a B2B company's CRM would export, simulated with hazards that are known (docs/sample.md).

Published facts behind its rates:

- Funnel. Lead to customer 2 to 5% (shno.co/marketing-statistics/sales-funnel-statistics); MQL to SQL 13 to 22%, SQL to
  opportunity 30 to 50%, opportunity to closed 20 to 35% (getfairview.com/blog/marketing-funnel-metrics-template);
  lead to MQL 20 to 40% (b2blead.io/blog/b2b-conversion-rate); the stages as firstpagesage.com's report on sales lead
  funnel stages defines them.
- Mail. B2B open rate 22.2% on average, 14.5 to 29.6% by study (plezi.co/en/b2b-email-marketing-statistics);
  unsubscribes .2 to .5%, clicks 1 to 2.5% of the mails sent, more for B2B lists
  (new-rebellion.com/benchmarks/email-marketing-open-click-rates). Opens by machines have inflated open rates since
  Apple's Mail Privacy Protection (iterable.com/blog/rethinking-email-benchmarks; ClickDimensions' and Bird's manuals).
- Calls. 9.9% of cold calls connect, 24.5% of the people called several times are reached; summer is good for reaching
  and bad for meetings (belkins.io/blog/cold-calling-benchmarks). A lead that is called back at once qualifies more
  often (Oldroyd, InsideSales 2007): here talks raise the hazard of sql.
- Buying. Histories excite themselves: acts of a seller and of a lead as a two-dimensional Hawkes process (Yan, AAAI
  2015). Recent acts and fit together tell more than either (Duncan and Elkan, KDD 2015); an account's people tell of
  each other (LinkedIn's account prioritizer, arXiv 2306.07464).
- What honest models reach. Open lead-scoring projects report AUC .62 to .65 forward in time; above .85 on real data
  something leaks. The sample is easier than life: see docs/sample.md.
"""

from histories.sample.export import SampleSummary, write
from histories.sample.parameters import Parameters, read_parameters
from histories.sample.truth import truth

__all__ = ["Parameters", "SampleSummary", "read_parameters", "truth", "write"]
