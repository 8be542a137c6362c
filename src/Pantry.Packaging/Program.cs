// Makes packages: `Pantry.Packaging [--out DIRECTORY] [module | linux-x64 | linux-arm64 | win-x64 ...]`; without names, all of them.
using Pantry.Packaging;

try
{
    PackagingRun run = PackagingRun.Parse(args);
    await run.MakeAsync();
    return 0;
}
catch (PackagingException error)
{
    Console.Error.WriteLine($"packaging: {error.Message}");
    return 1;
}
