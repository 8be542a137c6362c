using System.Diagnostics;
using System.Globalization;

namespace Pantry.Bench;

/// <summary>A cold start of the engine with the module imported, against the engine alone; whole processes, alternating.</summary>
internal static class ImportBench
{
    private const double BarMilliseconds = 300;

    public static async Task<int> RunAsync(string[] args)
    {
        int rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 9;
        string root = FindRoot();
        string host = Path.Combine(root, "tests", "Pantry.EngineHost", "bin", "Debug", "net10.0", "Pantry.EngineHost.dll");
        string module = Path.Combine(root, "Pantry.psd1");
        if (!File.Exists(host))
        {
            Console.Error.WriteLine($"{host} is missing: run 'dotnet build' first.");
            return 1;
        }

        string folder = Directory.CreateTempSubdirectory("pantry-bench-").FullName;
        var scripts = new (string Name, string Text)[]
        {
            ("engine alone", "$null = $PSVersionTable"),
            ("engine and import", $"Import-Module '{module}'; $null = $PSVersionTable"),
            ("engine, import, first cmdlet", $"Import-Module '{module}'; $null = Get-PantryServer"),
        };
        var times = scripts.Select(_ => new List<double>()).ToArray();
        for (int round = -1; round < rounds; round++)
        {
            for (int index = 0; index < scripts.Length; index++)
            {
                string file = Path.Combine(folder, $"{index}.ps1");
                await File.WriteAllTextAsync(file, scripts[index].Text);
                double elapsed = await TimeAsync(host, file);
                if (round >= 0)
                    times[index].Add(elapsed);
            }
        }

        Directory.Delete(folder, recursive: true);
        double alone = Median(times[0]);
        Console.WriteLine($"{Environment.ProcessorCount} cores, {rounds} rounds, alternating; medians of whole processes.");
        Console.WriteLine($"{"",-32}{"ms",8}{"more",8}{"ratio",8}");
        for (int index = 0; index < scripts.Length; index++)
        {
            double median = Median(times[index]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{scripts[index].Name,-32}{median,8:0}{median - alone,8:0}{median / alone,8:0.00}"));
        }

        Console.WriteLine(Median(times[1]) - alone < BarMilliseconds ? $"Import costs less than {BarMilliseconds} ms: ok" : $"Import costs more than {BarMilliseconds} ms: MISSED");
        return 0;
    }

    private static async Task<double> TimeAsync(string host, string script)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [host, script]) { RedirectStandardOutput = true })!;
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? Stopwatch.GetElapsedTime(start).TotalMilliseconds
            : throw new InvalidOperationException($"The engine ended with {process.ExitCode} on {script}.");
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string FindRoot()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Pantry.psd1")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The repository's root was not found.");
    }
}
