using System.Globalization;

namespace Pantry.Bench.Fleet;

/// <summary>The figures beside the floors', and whether the bars are met.</summary>
internal static class FleetTable
{
    // What a client may cost the server's memory above the plain floor.
    private const double MemoryBar = 60 * 1024;

    public static void Write(int clients, FleetFigures pantry, FleetFigures plain, FleetFigures curve)
    {
        Print($"{"",-44}{"Pantry",12}{"plain",12}{"CURVE",12}{"of plain",10}{"of CURVE",10}  bar");
        Row("registration of all, ms", figures => figures.Registration, (null, 1.0));
        Row("Ping to all and gather, ms", figures => figures.Ping, (2.5, 1.5));
        Row("  the server's processor for it, ms", figures => figures.PingProcessor, (null, null));
        Line("the same from a console, ms", pantry.Console, plain.Ping, curve.Ping, "");
        Row("a list of all by name, all answers, ms", figures => figures.List, (null, null));
        Row("one client's round trip, p50, us", figures => figures.TripHalf, (null, 2.0));
        Row("one client's round trip, p99, us", figures => figures.TripMost, (null, null));
        Line("results taken in a second", pantry.Ingest, plain.Ingest, curve.Ingest, "");
        Line("memory of an idle client, process, KB", pantry.ProcessBytes / 1024, plain.ProcessBytes / 1024, curve.ProcessBytes / 1024,
            Verdict(pantry.ProcessBytes <= plain.ProcessBytes + MemoryBar, "plain + 60 KB"));
        Line("memory of an idle client, managed, KB", pantry.ManagedBytes / 1024, plain.ManagedBytes / 1024, curve.ManagedBytes / 1024, "");
        Line("threads of the server", pantry.Threads, plain.Threads, curve.Threads, "");
        Line("open files of the server", pantry.Files, plain.Files, curve.Files, "");
        Print($"Ping and gather, time a client: {pantry.Ping * 1000 / clients:0.0} us (at 3,000 at most 1.3 times that at 1,000)");

        void Row(string what, Func<FleetFigures, double> of, (double? OfPlain, double? OfCurve) bar)
        {
            double ours = of(pantry);
            bool isMet = (bar.OfPlain is not { } most || ours <= most * of(plain)) && (bar.OfCurve is not { } other || ours <= other * of(curve));
            string text = string.Join(", ", new[] { bar.OfPlain is { } p ? $"{p:0.0} x plain" : null, bar.OfCurve is { } c ? $"{c:0.0} x CURVE" : null }.OfType<string>());
            Line(what, ours, of(plain), of(curve), text.Length == 0 ? "" : Verdict(isMet, text));
        }
    }

    private static void Line(string what, double pantry, double plain, double curve, string bar) =>
        Print($"{what,-44}{pantry,12:#,0.0}{plain,12:#,0.0}{curve,12:#,0.0}{pantry / plain,10:0.00}{pantry / curve,10:0.00}  {bar}");

    private static string Verdict(bool isMet, string bar) => $"{bar}: {(isMet ? "MET" : "MISSED")}";

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
