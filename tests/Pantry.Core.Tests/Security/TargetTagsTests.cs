using System.Security.Cryptography;
using Pantry.Security;

namespace Pantry.Tests.Security;

public sealed class TargetTagsTests
{
    [Fact]
    public void A_tag_is_of_its_job_and_its_client_alone()
    {
        byte[] tag = TargetTags.Tag("job", "App.Host");

        Assert.Equal(SHA256.HashData("Pantry target\0job\0app.host"u8)[..16], tag);
        Assert.Equal(tag, TargetTags.Tag("job", "app.HOST"));
        Assert.NotEqual(tag, TargetTags.Tag("job2", "app.host"));
        Assert.NotEqual(tag, TargetTags.Tag("job", "app.host2"));
    }

    [Fact]
    public void Entries_stand_in_the_order_of_the_clients()
    {
        string[] identities = [.. Enumerable.Range(0, 600).Select(i => $"host{i}")];

        byte[][] lists = TargetTags.Lists("job", identities);

        Assert.Equal([256 * 16, 256 * 16, 88 * 16], lists.Select(list => list.Length));
        for (int i = 0; i < identities.Length; i++)
            Assert.Equal(i % 256, TargetTags.IndexIn(lists[i / 256], 16, TargetTags.Tag("job", identities[i])));
        Assert.Null(TargetTags.IndexIn(lists[0], 16, TargetTags.Tag("job", "host256")));
        Assert.Empty(TargetTags.Lists("job", []));
        Assert.Equal((3, 16), (TargetTags.AddTo(new TargetStatement(), lists, withKeys: false).Lists.Count, TargetTags.AddTo(new TargetStatement(), lists, withKeys: false).EntryLength));
        Assert.Equal((0, 0), (TargetTags.AddTo(new TargetStatement(), [], withKeys: true).Lists.Count, TargetTags.AddTo(new TargetStatement(), [], withKeys: true).EntryLength));
    }

    [Fact]
    public void A_wrapped_key_stands_with_its_client()
    {
        string[] identities = [.. Enumerable.Range(0, 300).Select(i => $"host{i}")];
        static byte[] KeyOf(string identity) => [.. SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(identity)), .. new byte[16]];

        byte[][] lists = TargetTags.Lists("job", identities, KeyOf);

        Assert.Equal(KeyOf("host299"), TargetTags.WrappedKey(lists[1], TargetTags.Tag("job", "HOST299")));
        Assert.Null(TargetTags.WrappedKey(lists[0], TargetTags.Tag("job", "host299")));
        Assert.Throws<ArgumentOutOfRangeException>(() => TargetTags.Lists("job", identities, _ => [1]));
    }

    [Fact]
    public void What_is_no_list_holds_no_tag()
    {
        byte[] tag = TargetTags.Tag("job", "host");
        Assert.Equal(0, TargetTags.IndexIn(tag, 16, tag));
        Assert.Null(TargetTags.IndexIn([.. tag, 0], 16, tag));
        Assert.Null(TargetTags.IndexIn(tag, 64, tag));
        Assert.Null(TargetTags.IndexIn(tag, 1, tag));
        Assert.Null(TargetTags.IndexIn(tag, 0, tag));
        Assert.Null(TargetTags.IndexIn(tag, -16, tag));
        Assert.Null(TargetTags.IndexIn(tag, 16, tag.AsSpan(1)));
        Assert.Null(TargetTags.IndexIn([.. new byte[256 * 16], .. tag], 16, tag));
        // A tag counts only where an entry begins.
        Assert.Null(TargetTags.IndexIn([.. new byte[8], .. tag, .. new byte[8]], 16, tag));
        Assert.Null(TargetTags.IndexIn([.. new byte[16], .. tag, .. new byte[32]], 64, tag));
    }
}
